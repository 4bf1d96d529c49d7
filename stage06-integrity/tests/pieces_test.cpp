// Bytes of a file, a piece at a time.

#include "disk/pieces.hpp"

#include <gtest/gtest.h>

#include "simulated_folder.hpp"

namespace kv::test {
namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

std::string many_bytes() {
  std::string bytes(3 * piece_bytes, '\0');
  for (std::size_t at = 0; at < bytes.size(); ++at) bytes[at] = static_cast<char>(at % 251);
  return bytes;
}

class PiecesTest : public testing::Test {
 protected:
  std::unique_ptr<File> file(const std::string& bytes) {
    folder_.put("file", bytes);
    return *folder_.open("file");
  }

  SimulatedFolder folder_;
};

TEST_F(PiecesTest, AreThoseOfTheFileFromItsBeginningToItsEnd) {
  const auto bytes = many_bytes();
  const auto read = file(bytes);
  Pieces pieces{*read};
  EXPECT_EQ(pieces.size(), bytes.size());
  std::string all;
  while (all.size() < bytes.size()) all += pieces.at(all.size(), 1000);
  EXPECT_TRUE(all == bytes);
  EXPECT_FALSE(pieces.error());
}

TEST_F(PiecesTest, AreReadOnceForManyShortOnes) {
  const auto read = file(many_bytes());
  Pieces pieces{*read};
  const auto before = folder_.reads();
  for (std::uint64_t offset = 0; offset < piece_bytes; offset += 16) (void)pieces.at(offset, 16);
  EXPECT_EQ(folder_.reads() - before, 1u);
}

TEST_F(PiecesTest, AreAsLongAsIsAskedForAndMayBeAskedForAgain) {
  const auto bytes = many_bytes();
  const auto read = file(bytes);
  Pieces pieces{*read};
  EXPECT_EQ(pieces.at(1000, 2 * piece_bytes).size(), 2 * piece_bytes);
  EXPECT_EQ(pieces.at(5, 10), bytes.substr(5, 10)) << "in front of what is held";
}

TEST_F(PiecesTest, AreFewerAtTheEndAndNoneBehindIt) {
  const auto read = file("text");
  Pieces pieces{*read};
  EXPECT_EQ(pieces.at(2, 100), "xt");
  EXPECT_EQ(pieces.at(4, 1), "");
  EXPECT_EQ(pieces.at(100, 1), "");
}

TEST_F(PiecesTest, AreNoneAfterAReadThatFailed) {
  const auto read = file(many_bytes());
  Pieces pieces{*read};
  folder_.fail_read(folder_.reads() + 1, false);
  EXPECT_EQ(pieces.at(0, 10), "");
  ASSERT_TRUE(pieces.error());
  EXPECT_EQ(pieces.at(0, 10), "") << "also where the next read would go well";
}

TEST(PiecesOfAText, AreThatText) {
  Pieces pieces{std::string_view{"0123456789"}};
  EXPECT_EQ(pieces.size(), 10u);
  EXPECT_EQ(pieces.at(7, 100), "789");
  EXPECT_EQ(pieces.at(0, 2), "01");
}

}  // namespace
}  // namespace kv::test
