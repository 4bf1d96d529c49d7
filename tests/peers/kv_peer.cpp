// Stage 7, through its library: what kv-server does to its folder, without the sockets.

#include <csignal>
#include <limits>

#include "base/fatal_error.hpp"
#include "disk/log_format.hpp"
#include "disk/log_reader.hpp"
#include "disk/manifest.hpp"
#include "disk/posix_folder.hpp"
#include "disk/snapshot.hpp"
#include "disk/store.hpp"
#include "peer.hpp"

namespace kv::peers {
namespace {

constexpr const char* table = "t";

template <class Done>
void must(const Done& done) {
  if (!done) throw std::runtime_error{done.error().message};
}

AnswerLimit any_answer() {
  return {std::numeric_limits<std::size_t>::max(),
          [](const std::optional<Value>&) { return std::size_t{0}; },
          [](const Entry&) { return std::size_t{0}; }};
}

class RunningStore : public Running {
 public:
  explicit RunningStore(const fs::path& folder) : path_{folder} {
    auto opened = open_posix_folder(folder.string(), true);
    folder_ = opened.get();
    store_ = std::make_unique<Store>(
        std::move(opened), memtable_, Store::Settings{},
        [](const Error&) { throw std::runtime_error{"the log has failed"}; });
  }

  Contents contents() override {
    const auto entries = memtable_.get_all(table);
    must(entries);
    Contents contents;
    for (const auto& entry : *entries) contents[entry.key] = value_bytes(*entry.value);
    return contents;
  }

  void apply(const Change& change) override {
    if (change.value) {
      must(memtable_.set(table, {change.key, *change.value}));
    } else {
      must(memtable_.del(table, change.key));
    }
    must(store_->wal().make_durable(store_->wal().last_lsn()));
  }

  void compact() override {
    const auto manifest = read_manifest(*folder_);
    must(manifest);
    must(write_snapshot(*folder_, manifest->store, memtable_, store_->wal()));
  }

  /// Without the orderly close, but with the last mark, which is written an instant after the last
  /// sync: so that the log is the same each time.
  void die() override {
    store_.reset();
    (void)std::raise(SIGKILL);
  }

 private:
  fs::path path_;
  MemTable memtable_{any_answer()};
  Folder* folder_ = nullptr;  // the store's
  std::unique_ptr<Store> store_;
};

class Stage5 : public Peer {
 public:
  std::string name() const override { return "stage 7"; }

  std::unique_ptr<Running> start(const fs::path& folder) const override {
    try {
      return std::make_unique<RunningStore>(folder);
    } catch (const FatalError& error) {
      throw Refused{error.what()};
    }
  }

  fs::path log(const fs::path& folder) const override { return last_file(folder, ".log"); }

  std::vector<Record> records(const std::string& log) const override {
    std::vector<Record> records;
    const auto header = read_segment_header(log);
    must(header);
    (void)read_segment(log, *header, [&](auto offset, const auto& record, auto payload) {
      if (record.type != RecordType::changes) return;
      records.push_back({offset, offset + sizeof(RecordHeader) + payload.size()});
    });
    return records;
  }
};

}  // namespace

std::unique_ptr<Peer> stage_5() { return std::make_unique<Stage5>(); }

}  // namespace kv::peers
