// Exercise 1: INFO tells what the snapshots take.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "disk/data_files.hpp"
#include "disk/manifest.hpp"
#include "disk/snapshot.hpp"
#include "open_store.hpp"

namespace kv::test {
namespace {

class BytesOfSnapshots : public testing::Test {
 protected:
  /// Makes one, as the snapshotter would; gives its bytes.
  std::size_t snapshot() {
    const auto made =
        write_snapshot(folder_, read_manifest(folder_)->store, store_.memtable(), store_.wal());
    return folder_.bytes(snapshot_name(made->lsn)).size();
  }

  SimulatedFolder folder_;
  OpenStore store_{folder_};
};

TEST_F(BytesOfSnapshots, AreNoneBeforeTheFirst) {
  EXPECT_EQ(store_.store().bytes_of_snapshots(), 0u);
}

TEST_F(BytesOfSnapshots, AreThoseOfAllThatAreThere) {
  store_.set_durably("a", "value");
  auto bytes = snapshot();
  EXPECT_EQ(store_.store().bytes_of_snapshots(), bytes);
  store_.set_durably("b", std::string(1000, 'b'));
  bytes += snapshot();
  EXPECT_EQ(store_.store().bytes_of_snapshots(), bytes);
}

TEST_F(BytesOfSnapshots, AreAPairOfInfo) {
  store_.set_durably("a", "value");
  const auto bytes = static_cast<std::int64_t>(snapshot());
  const auto info = store_.store().info();
  const auto pair = std::ranges::find(info, "snapshot_bytes", [](const Entry& e) { return e.key; });
  ASSERT_NE(pair, info.end());
  EXPECT_EQ(pair->value, Value{bytes});
}

TEST_F(BytesOfSnapshots, AreNothingWhereTheFolderCannotTell) {
  folder_.fail_read(folder_.reads() + 1, false);
  EXPECT_EQ(store_.store().bytes_of_snapshots(), std::nullopt);
}

}  // namespace
}  // namespace kv::test
