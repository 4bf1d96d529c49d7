// LevelDB and RocksDB, in this process. RocksDB began as LevelDB: a log's format and most names are
// the same.

#include <leveldb/db.h>
#include <rocksdb/db.h>

#include <csignal>

#include "peer.hpp"

namespace kv::peers {
namespace {

struct Level {
  using Db = leveldb::DB;
  using Iterator = leveldb::Iterator;
  using ReadOptions = leveldb::ReadOptions;
  using WriteOptions = leveldb::WriteOptions;
  static leveldb::Status compact(Db& db) {
    db.CompactRange(nullptr, nullptr);
    return {};
  }
};

struct Rocks {
  using Db = rocksdb::DB;
  using Iterator = rocksdb::Iterator;
  using ReadOptions = rocksdb::ReadOptions;
  using WriteOptions = rocksdb::WriteOptions;
  static rocksdb::Status compact(Db& db) { return db.Flush(rocksdb::FlushOptions{}); }
};

void must(const auto& status) {
  if (!status.ok()) throw Refused{status.ToString()};
}

template <class Library>
class RunningTree : public Running {
 public:
  explicit RunningTree(typename Library::Db* db) : db_{db} {}

  Contents contents() override {
    typename Library::ReadOptions options;
    options.verify_checksums = true;
    Contents contents;
    const std::unique_ptr<typename Library::Iterator> row{db_->NewIterator(options)};
    for (row->SeekToFirst(); row->Valid(); row->Next())
      contents[row->key().ToString()] = row->value().ToString();
    must(row->status());
    return contents;
  }

  void apply(const Change& change) override {
    typename Library::WriteOptions options;
    options.sync = true;
    must(change.value ? db_->Put(options, change.key, *change.value)
                      : db_->Delete(options, change.key));
  }

  void compact() override { must(Library::compact(*db_)); }
  void die() override { (void)std::raise(SIGKILL); }

 private:
  std::unique_ptr<typename Library::Db> db_;
};

class TreePeer : public Peer {
 public:
  fs::path log(const fs::path& folder) const override { return last_file(folder, ".log"); }

  /// A record: checksum (4 bytes), length (2, the low byte first), type (1), payload. One that
  /// crosses a block of 32 KiB has several parts; these logs are shorter.
  std::vector<Record> records(const std::string& log) const override {
    constexpr std::size_t header_bytes = 7, block_bytes = 32'768;
    if (log.size() > block_bytes) throw std::runtime_error{"the log is longer than a block"};
    const auto byte = [&](std::size_t at) {
      return std::size_t{static_cast<unsigned char>(log[at])};
    };
    std::vector<Record> records;
    for (std::size_t at = 0; at + header_bytes <= log.size();) {
      const auto end = at + header_bytes + byte(at + 4) + 256 * byte(at + 5);
      records.push_back({at, end});
      at = end;
    }
    return records;
  }
};

class LevelPeer : public TreePeer {
 public:
  explicit LevelPeer(bool paranoid) : paranoid_{paranoid} {}

  std::string name() const override { return paranoid_ ? "LevelDB, paranoid" : "LevelDB"; }

  std::unique_ptr<Running> start(const fs::path& folder) const override {
    leveldb::Options options;
    options.create_if_missing = true;
    options.paranoid_checks = paranoid_;
    leveldb::DB* db = nullptr;
    must(leveldb::DB::Open(options, folder.string(), &db));
    return std::make_unique<RunningTree<Level>>(db);
  }

 private:
  bool paranoid_;
};

class RocksPeer : public TreePeer {
 public:
  RocksPeer(std::string mode_name, rocksdb::WALRecoveryMode mode, std::size_t step)
      : mode_name_{std::move(mode_name)}, mode_{mode}, step_{step} {}

  std::string name() const override { return "RocksDB, " + mode_name_; }
  std::size_t step() const override { return step_; }

  std::unique_ptr<Running> start(const fs::path& folder) const override {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.wal_recovery_mode = mode_;
    rocksdb::DB* db = nullptr;
    must(rocksdb::DB::Open(options, folder.string(), &db));
    return std::make_unique<RunningTree<Rocks>>(db);
  }

 private:
  std::string mode_name_;
  rocksdb::WALRecoveryMode mode_;
  std::size_t step_;
};

}  // namespace

std::unique_ptr<Peer> level_db(bool paranoid) { return std::make_unique<LevelPeer>(paranoid); }

std::vector<std::unique_ptr<Peer>> rocks_dbs(std::size_t step) {
  using Mode = rocksdb::WALRecoveryMode;
  std::vector<std::unique_ptr<Peer>> peers;
  peers.push_back(std::make_unique<RocksPeer>("point in time", Mode::kPointInTimeRecovery, step));
  peers.push_back(std::make_unique<RocksPeer>("absolute", Mode::kAbsoluteConsistency, step));
  peers.push_back(
      std::make_unique<RocksPeer>("tolerate", Mode::kTolerateCorruptedTailRecords, step));
  return peers;
}

}  // namespace kv::peers
