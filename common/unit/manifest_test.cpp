// The manifest: its bytes, how it is replaced, and what is wrong with a damaged one.

#include "disk/manifest.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>

#include "disk/bytes.hpp"
#include "disk/checksum.hpp"
#include "disk/data_files.hpp"
#include "simulated_folder.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = SimulatedFolder::Kind;
using Operation = SimulatedFolder::Operation;

class ManifestTest : public testing::Test {
 protected:
  static constexpr Manifest manifest{
      .store = {1, 2, 3}, .newest_segment = 42, .clean = 1, .clean_lsn = 47};

  /// What is wrong with a file of these bytes.
  Error error_of(const std::string& bytes) {
    folder_.put(manifest_name, bytes);
    const auto read = read_manifest(folder_);
    return read ? Error{Status::ok, "nothing"} : read.error();
  }

  SimulatedFolder folder_;
};

TEST_F(ManifestTest, IsReadBackAsItWasWritten) {
  ASSERT_TRUE(write_manifest(folder_, manifest));
  const auto read = read_manifest(folder_);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->store, manifest.store);
  EXPECT_EQ(read->newest_segment, 42u);
  EXPECT_EQ(read->clean, 1u);
  EXPECT_EQ(read->clean_lsn, 47u);
}

TEST_F(ManifestTest, HasTheseBytes) {
  ASSERT_TRUE(write_manifest(folder_, manifest));
  std::string hex;
  for (const char byte : folder_.bytes(manifest_name))
    hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  EXPECT_EQ(hex,
            "6b766d66"                          // "kvmf"
            "01000000"                          // version
            "01020300000000000000000000000000"  // store
            "2a00000000000000"                  // newest segment
            "0100000000000000"                  // clean
            "2f00000000000000"                  // clean LSN
            "9a9ebbe576a68b8b");                // checksum
}

TEST_F(ManifestTest, IsReplacedWholeAndOnTheDiskWhenItIsWritten) {
  ASSERT_TRUE(write_manifest(folder_, {.newest_segment = 1}));
  std::vector<Kind> kinds;
  folder_.set_hook([&](const Operation& operation) -> std::optional<Status> {
    kinds.push_back(operation.kind);
    EXPECT_EQ(read_manifest(folder_.after_power_loss(0))->newest_segment, 1u);
    return std::nullopt;
  });
  ASSERT_TRUE(write_manifest(folder_, {.newest_segment = 2}));
  EXPECT_THAT(kinds, ElementsAre(Kind::create, Kind::write, Kind::sync_file, Kind::rename,
                                 Kind::sync_folder));
  EXPECT_EQ(read_manifest(folder_.after_power_loss(0))->newest_segment, 2u);
}

TEST_F(ManifestTest, IsAsItWasAfterAnErrorBeforeItsRename) {
  ASSERT_TRUE(write_manifest(folder_, {.newest_segment = 1}));
  for (const auto kind : {Kind::create, Kind::write, Kind::sync_file, Kind::rename}) {
    folder_.set_hook(fail_next(kind, manifest_name, Status::no_space));
    EXPECT_EQ(write_manifest(folder_, {.newest_segment = 2}).error().status, Status::no_space);
    EXPECT_EQ(read_manifest(folder_)->newest_segment, 1u);
  }
}

TEST_F(ManifestTest, MayBeTheNewOneAfterAnErrorThatFollowsItsRename) {
  folder_.set_hook(fail_next(Kind::sync_folder, "", Status::no_space));
  EXPECT_EQ(write_manifest(folder_, manifest).error().status, Status::storage_failed)
      << "no_space would say that nothing has happened";
  EXPECT_EQ(read_manifest(folder_)->newest_segment, 42u);
}

TEST_F(ManifestTest, SaysWhenAnyOfItsBytesHasChanged) {
  ASSERT_TRUE(write_manifest(folder_, manifest));
  const auto whole = folder_.bytes(manifest_name);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_EQ(error_of(changed).message, "no whole manifest") << at;
  }
}

TEST_F(ManifestTest, SaysWhenItIsTooShortOrTooLong) {
  ASSERT_TRUE(write_manifest(folder_, manifest));
  const auto whole = folder_.bytes(manifest_name);
  EXPECT_EQ(error_of("").message, "MANIFEST: 0 bytes in place of 56");
  EXPECT_EQ(error_of(whole.substr(1)).message, "MANIFEST: 55 bytes in place of 56");
  EXPECT_EQ(error_of(whole + std::string(100, '\0')).message, "MANIFEST: 57 bytes in place of 56");
}

TEST_F(ManifestTest, IsNotTakenFromALaterVersion) {
  Manifest later{.version = format_version + 1};
  later.checksum = checksum(bytes_of(later).substr(0, offsetof(Manifest, checksum)), 0);
  const auto error = error_of(std::string{bytes_of(later)});
  EXPECT_EQ(error.status, Status::unknown_version);
  EXPECT_THAT(error.message, HasSubstr("format version 2"));
}

TEST_F(ManifestTest, IsAnErrorWhereThereIsNone) {
  EXPECT_EQ(read_manifest(folder_).error().status, Status::storage_failed);
}

}  // namespace
}  // namespace kv::test
