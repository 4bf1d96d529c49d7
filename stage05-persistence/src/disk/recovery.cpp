#include "disk/recovery.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/fatal_error.hpp"

namespace kv {
namespace {

/// For what must succeed, or there is no start.
template <class T>
T must(Result<T> done) {
  if (!done) throw FatalError{Exit::cannot_start, done.error().message};
  if constexpr (!std::is_void_v<T>) return std::move(*done);
}

[[noreturn]] void damaged(const std::string& name, const std::string& what) {
  throw FatalError{Exit::damaged,
                   name + ": " + what + "; the folder of a backup can take its place"};
}

LogContents read(const Folder& folder, const std::string& name, const Magic& magic) {
  auto contents = read_log(must(folder.read(name)), magic);
  if (!contents) damaged(name, contents.error().message);
  return std::move(*contents);
}

/// Sorts the names of the folder. Gives the first LSNs of its logs, in order.
std::vector<Lsn> read_names(const Folder& folder, Recovered& found) {
  std::vector<Lsn> first_lsns;
  for (const auto& name : must(folder.list())) {
    if (name == "MANIFEST" || name.starts_with("wal-") || name.ends_with(".kv")) {
      throw FatalError{
          Exit::cannot_start,
          fmt::format("{} is the folder of another stage, in another format: it has a {}",
                      folder.path(), name)};
    }
    if (const auto lsn = first_lsn_of(name)) first_lsns.push_back(*lsn);
    if (name == snapshot_name) found.snapshot = read(folder, name, snapshot_magic);
    const bool is_ours = name.starts_with("log-") || name.starts_with(snapshot_name);
    if (is_ours && name.ends_with(temporary_suffix)) found.temporaries.push_back(name);
  }
  std::ranges::sort(first_lsns);
  return first_lsns;
}

/// Every log but the last ends where the next one begins, and says so. A crash can leave one more
/// that does not say so yet: then there is no group in the next one.
void check_end(const LogContents& log, const LogContents* next) {
  const auto name = log_name(log.header.first_lsn);
  const bool goes_on = log.ends_with(GroupType::goes_on);
  const bool may_be_torn = !next || next->bytes.size() == sizeof(FileHeader);
  if (log.is_damaged || (!log.is_valid_to_the_end() && !may_be_torn))
    damaged(name, fmt::format("damaged at offset {}", log.end_offset));
  if (next ? log.next_lsn != next->header.first_lsn || !(goes_on || may_be_torn) : goes_on)
    damaged(name, fmt::format("log-{} should go on from here, and does not", log.next_lsn));
}

void replay(const LogContents& log, const RecordHandler& change) {
  for (const auto& group : log.groups) {
    if (!read_records(log.records(group), group.header.first_lsn, change))
      damaged(log_name(log.header.first_lsn), fmt::format("damaged at offset {}", group.offset));
  }
}

/// The same groups under a new id, at the same offsets. Not published yet.
LogWriter copy(Folder& folder, const LogContents& from, const std::string& name) {
  auto writer = must(LogWriter::create(folder, name, from.header.magic, from.header.first_lsn));
  for (const auto& group : from.groups) {
    auto bytes = empty_group();
    bytes += from.records(group);
    const auto& header = group.header;
    must(writer.add(header.type, header.first_lsn, header.next_lsn, std::move(bytes)));
  }
  return writer;
}

void keep_torn_end(Folder& folder, const LogContents& log) {
  const auto name = fmt::format("{}.torn-{}", log_name(log.header.first_lsn), log.end_offset);
  const auto file = must(folder.create(name));
  must(file->append(std::string_view{log.bytes}.substr(log.end_offset)));
  must(file->sync());
  must(folder.sync());  // its name, before the log loses what it keeps
  spdlog::warn("the last write was torn, and so not answered, or is damaged: {} bytes, kept in {}",
               log.bytes.size() - log.end_offset, name);
}

}  // namespace

Recovered read_folder(const Folder& folder, const RecordHandler& change) {
  Recovered found;
  const auto first_lsns = read_names(folder, found);
  if (first_lsns.empty() && !found.snapshot) return found;  // a new store
  Lsn last_lsn_min = 0;
  if (found.snapshot) {
    const auto end = read_snapshot(*found.snapshot, change);
    if (!end) damaged(snapshot_name, end.error().message);
    found.base = end->base;
    found.created = end->created;
    last_lsn_min = end->last_lsn;
  }
  for (const Lsn first_lsn : first_lsns) {
    const auto name = log_name(first_lsn);
    if (first_lsn <= found.base) {
      found.old_logs.push_back(name);
      continue;
    }
    found.logs.push_back(read(folder, name, log_magic));
    if (found.logs.back().header.first_lsn != first_lsn) damaged(name, "it has another log's name");
  }
  if (found.logs.empty() || found.logs.front().header.first_lsn != found.base + 1)
    damaged(log_name(found.base + 1), "it should go on from the snapshot, and is not there");
  for (std::size_t i = 0; i < found.logs.size(); ++i) {
    check_end(found.logs[i], i + 1 < found.logs.size() ? &found.logs[i + 1] : nullptr);
    replay(found.logs[i], change);
  }
  found.last_lsn = found.logs.back().next_lsn - 1;
  if (found.last_lsn < last_lsn_min) {
    damaged(log_name(found.logs.back().header.first_lsn),
            fmt::format("it ends at LSN {}, and the snapshot has changes up to LSN {}",
                        found.last_lsn, last_lsn_min));
  }
  return found;
}

LogWriter repair_folder(Folder& folder, Recovered& recovered) {
  for (const auto& name : recovered.temporaries) must(folder.remove(name));
  std::optional<LogWriter> last;
  if (recovered.logs.empty()) {
    last = must(LogWriter::create(folder, log_name(1), log_magic, 1));
    must(last->publish());
  }
  for (const auto& log : recovered.logs) {
    if (!log.is_valid_to_the_end()) keep_torn_end(folder, log);
    last = copy(folder, log, log_name(log.header.first_lsn));
    const bool is_last = &log == &recovered.logs.back();
    const auto end = is_last ? GroupType::changes : GroupType::goes_on;
    if (!log.ends_with(GroupType::goes_on)) must(last->add(end, log.next_lsn, log.next_lsn));
    must(last->publish());
  }
  if (!recovered.snapshot) recovered.created = must(write_empty_snapshot(folder)).created;
  if (!recovered.old_logs.empty()) must(copy(folder, *recovered.snapshot, snapshot_name).publish());
  for (const auto& name : recovered.old_logs) must(folder.remove(name));
  return std::move(*last);
}

}  // namespace kv
