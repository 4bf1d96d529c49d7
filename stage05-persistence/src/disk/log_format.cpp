#include "disk/log_format.hpp"

#include <charconv>
#include <cstddef>
#include <random>
#include <type_traits>
#include <utility>

#include "disk/bytes.hpp"
#include "disk/checksum.hpp"

namespace kv {
namespace {

constexpr std::string_view name_begin = "log-";

template <ValueKind kind, class T>
constexpr bool is_kind_of =
    std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(kind), Value>, T>;
static_assert(is_kind_of<ValueKind::text, std::string> && is_kind_of<ValueKind::binary, Binary> &&
                  is_kind_of<ValueKind::integer, std::int64_t> &&
                  is_kind_of<ValueKind::real, double> && is_kind_of<ValueKind::boolean, bool>,
              "value.hpp has its types in another order than they have on disks");

std::uint64_t header_checksum(const FileHeader& header) {
  return checksum(bytes_of(header).substr(0, offsetof(FileHeader, checksum)), 0);
}

std::uint64_t header_checksum(const GroupHeader& header, const FileHeader& file,
                              std::uint64_t offset) {
  return checksum(bytes_of(header).substr(sizeof(header.header_checksum)), file.id + offset);
}

/// Takes numbers and texts off the front; once there are too few bytes, nothing any more.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_{bytes} {}

  std::string_view text(std::size_t bytes) {
    is_whole_ = is_whole_ && bytes <= rest_.size();
    const auto taken = rest_.substr(0, is_whole_ ? bytes : 0);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  template <class T>
  T number() {
    const auto bytes = text(sizeof(T));
    return is_whole_ ? load<T>(bytes) : T{};
  }
  bool is_whole() const { return is_whole_; }
  bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool is_whole_ = true;
};

}  // namespace

std::string log_name(Lsn first_lsn) { return std::string{name_begin} + std::to_string(first_lsn); }

std::optional<Lsn> first_lsn_of(const std::string& name) {
  Lsn lsn = 0;
  if (!name.starts_with(name_begin)) return std::nullopt;
  std::from_chars(name.data() + name_begin.size(), name.data() + name.size(), lsn);
  return lsn > 0 && log_name(lsn) == name ? std::optional{lsn} : std::nullopt;
}

FileHeader make_file_header(const Magic& magic, Lsn first_lsn) {
  std::random_device random;
  const std::uint64_t id = std::uint64_t{random()} << 32 | random();
  FileHeader header{.magic = magic, .id = id, .first_lsn = first_lsn};
  header.checksum = header_checksum(header);
  return header;
}

Result<FileHeader> read_file_header(std::string_view file, const Magic& magic) {
  if (file.size() < sizeof(FileHeader)) return Error{Status::storage_failed, "no whole header"};
  const auto header = load<FileHeader>(file);
  if (header.magic != magic) return Error{Status::storage_failed, "no file of this format"};
  if (header.checksum != header_checksum(header))
    return Error{Status::storage_failed, "damaged header"};
  return header;
}

void append_record(std::string& group, std::string_view table, std::span<const Entry> changes) {
  append(group, static_cast<std::uint16_t>(table.size()));
  group += table;
  append(group, static_cast<std::uint32_t>(changes.size()));
  for (const auto& [key, value] : changes) {
    const auto bytes = value ? value_bytes(*value) : std::string_view{};
    append(group, value ? static_cast<ValueKind>(value->index()) : ValueKind::removed);
    append(group, static_cast<std::uint16_t>(key.size()));
    append(group, static_cast<std::uint32_t>(bytes.size()));
    group += key;
    group += bytes;
  }
}

void seal_group(std::string& group, GroupHeader header, const FileHeader& file,
                std::uint64_t offset) {
  const auto records = std::string_view{group}.substr(sizeof(GroupHeader));
  header.records_checksum = checksum(records, 0);
  header.records_bytes = static_cast<std::uint32_t>(records.size());
  header.header_checksum = header_checksum(header, file, offset);
  group.replace(0, sizeof(header), bytes_of(header));
}

std::optional<GroupHeader> read_group_header(std::string_view bytes, const FileHeader& file,
                                             std::uint64_t offset) {
  if (bytes.size() < sizeof(GroupHeader)) return std::nullopt;
  const auto header = load<GroupHeader>(bytes);
  if (header.header_checksum != header_checksum(header, file, offset)) return std::nullopt;
  return header;
}

bool read_records(std::string_view records, Lsn first_lsn, const RecordHandler& record) {
  Reader reader{records};
  for (Lsn lsn = first_lsn; !reader.is_at_end(); ++lsn) {
    const auto table = reader.text(reader.number<std::uint16_t>());
    std::vector<Entry> changes;
    for (auto left = reader.number<std::uint32_t>(); left > 0 && reader.is_whole(); --left) {
      const auto kind = reader.number<ValueKind>();
      const std::size_t key_bytes = reader.number<std::uint16_t>();
      const std::size_t value_bytes = reader.number<std::uint32_t>();
      std::string key{reader.text(key_bytes)};
      changes.push_back(
          {std::move(key), value_of(static_cast<std::size_t>(kind), reader.text(value_bytes))});
      if (!changes.back().value && kind != ValueKind::removed) return false;
    }
    if (!reader.is_whole()) return false;
    record(lsn, table, changes);
  }
  return true;
}

}  // namespace kv
