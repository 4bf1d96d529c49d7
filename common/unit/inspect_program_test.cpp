// kv-inspect itself: its exit statuses, and what it prints where.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "disk/data_files.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"

namespace kv::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class InspectProgram : public testing::Test {
 protected:
  InspectProgram() { fs::copy(fs::path{KV_GOLDEN} / "1-stopped", data_); }

  Finished inspect(const std::vector<std::string>& words) const {
    std::vector<std::string> argv{inspect_program()};
    argv.insert(argv.end(), words.begin(), words.end());
    return run(argv);
  }
  Finished inspect() const { return inspect({data_}); }

  std::string bytes(const fs::path& name) const {
    std::ifstream file{name, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  std::map<fs::path, std::string> files() const {
    std::map<fs::path, std::string> all;
    for (const auto& entry : fs::directory_iterator{data_}) all[entry] = bytes(entry);
    return all;
  }

  const TempFolder folder_;
  const fs::path data_ = folder_.path() / "data";
};

TEST_F(InspectProgram, EndsWith0WhereAStartWouldGoOn) {
  const auto before = files();
  const auto ended = inspect();
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.err, "");
  EXPECT_THAT(ended.out, EndsWith("a start would recover up to LSN 13 (clean stop)\n"));
  EXPECT_EQ(files(), before);
}

TEST_F(InspectProgram, ListsRecordsWhenItIsToldTo) {
  const std::string first = "  LSN 1, durable 0, table 't': 'text'\n";
  EXPECT_THAT(inspect({"--records", data_}).out, HasSubstr(first));
  EXPECT_THAT(inspect().out, testing::Not(HasSubstr(first)));
}

TEST_F(InspectProgram, EndsWith65WhereAStartWouldRefuse) {
  const auto segment = data_ / segment_name(1);
  auto damaged = bytes(segment);
  damaged[100] = static_cast<char>(damaged[100] ^ 1);
  std::ofstream{segment, std::ios::binary} << damaged;
  const auto ended = inspect();
  EXPECT_EQ(ended.status, 65);
  EXPECT_THAT(ended.out, HasSubstr(segment_name(1) + ": 0 records"));
  EXPECT_THAT(ended.err, StartsWith("kv-inspect: " + segment_name(1) + " is damaged at offset 64"));
  EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1);
}

TEST_F(InspectProgram, EndsWith1WhereItCannotLook) {
  const auto nowhere = folder_.path() / "nowhere";
  const auto ended = inspect({nowhere});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, StartsWith("kv-inspect: cannot open the data folder " + nowhere.string()));
  EXPECT_FALSE(fs::exists(nowhere)) << "it makes none";
}

TEST_F(InspectProgram, EndsWith2WhereItIsUsedWrongly) {
  for (const auto& words : {std::vector<std::string>{}, {"--record", data_}, {data_, data_}}) {
    const auto ended = inspect(words);
    EXPECT_EQ(ended.status, 2);
    EXPECT_THAT(ended.err, AllOf(StartsWith("kv-inspect: "), EndsWith("\n")));
  }
}

}  // namespace
}  // namespace kv::test
