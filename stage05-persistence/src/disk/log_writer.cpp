#include "disk/log_writer.hpp"

#include <utility>

#include "disk/bytes.hpp"

namespace kv {

Result<LogWriter> LogWriter::create(Folder& folder, const std::string& name, const Magic& magic,
                                    Lsn first_lsn) {
  auto file = folder.create(name + std::string{temporary_suffix});
  if (!file) return file.error();
  const auto header = make_file_header(magic, first_lsn);
  if (auto written = (*file)->append(bytes_of(header)); !written) return written.error();
  return LogWriter{folder, name, header, std::move(*file)};
}

Result<void> LogWriter::add(GroupType type, Lsn first_lsn, Lsn next_lsn, std::string group) {
  seal_group(group, {.first_lsn = first_lsn, .next_lsn = next_lsn, .type = type}, header_, offset_);
  auto written = file_->append(group);
  offset_ += group.size();
  return written;
}

Result<void> LogWriter::publish() {
  auto done = file_->sync();
  if (done) done = folder_->rename(name_ + std::string{temporary_suffix}, name_);
  if (done) done = folder_->sync();
  return done;
}

}  // namespace kv
