#include "net/input.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/limits.hpp"

namespace kv {
namespace {

class InputTest : public ::testing::Test {
 protected:
  /// What one read of the session would do; false: the input was dropped.
  bool receive(Input& input, std::string_view bytes) {
    const auto room = input.prepare();
    if (!room) return false;
    const auto count = std::min(room->size(), bytes.size());
    std::copy_n(bytes.begin(), count, static_cast<char*>(room->data()));
    input.commit(count);
    return true;
  }

  Load load_;
  Input input_{load_};
};

TEST_F(InputTest, HoldsWhatHasBeenReadAndNotExecuted) {
  receive(input_, "abc");
  receive(input_, "def");
  input_.consume(2);
  EXPECT_EQ(input_.bytes(), "cdef");
}

TEST_F(InputTest, ReadsMoreAtATimeWhileReadsComeBackFull) {
  const std::string much(2 * read_bytes_max, 'x');
  std::size_t before = 0;
  for (std::size_t expected = 512; expected <= read_bytes_max; expected *= 2) {
    receive(input_, much);
    EXPECT_EQ(input_.bytes().size() - before, expected);
    before = input_.bytes().size();
  }
  receive(input_, much);
  EXPECT_EQ(input_.bytes().size() - before, read_bytes_max) << "the most";
}

TEST_F(InputTest, AFrameHasBegunFromTheFirstWaitForItsRestOn) {
  EXPECT_FALSE(input_.frame_begun());
  receive(input_, "half");
  EXPECT_FALSE(input_.frame_begun()) << "it may be whole";
  receive(input_, " of a");
  const auto begun = input_.frame_begun();
  ASSERT_TRUE(begun);
  receive(input_, " frame");
  EXPECT_EQ(input_.frame_begun(), begun) << "more of it does not give it more time";
  input_.consume(4);
  EXPECT_FALSE(input_.frame_begun()) << "the next frame has its own time";
}

TEST_F(InputTest, CountsForTheBoundUntilItIsExecuted) {
  receive(input_, "half");
  EXPECT_EQ(load_.input_bytes, 0u) << "it may be whole";
  receive(input_, " of a frame");
  EXPECT_GE(load_.input_bytes, input_.bytes().size());
  input_.consume(input_.bytes().size());
  EXPECT_EQ(load_.input_bytes, 0u);
}

TEST_F(InputTest, OnlyWhatIsKeptCountsWhileALargeFrameIsAnswered) {
  const std::string much(1 << 20, 'x');
  while (input_.bytes().size() < much.size()) receive(input_, much);
  ASSERT_GE(load_.input_bytes, much.size() / 2);
  input_.consume(input_.bytes().size() - 1);
  EXPECT_EQ(input_.bytes(), "x") << "the next frame has begun";
  EXPECT_LE(load_.input_bytes, kept_bytes_max);
}

TEST_F(InputTest, OfOneThatIsDestroyedNothingIsCounted) {
  {
    Input other{load_};
    receive(other, "half");
    receive(other, " of a frame");
    EXPECT_GT(load_.input_bytes, 0u);
  }
  EXPECT_EQ(load_.input_bytes, 0u);
}

TEST_F(InputTest, IsDroppedWhenAllTogetherAreTooLarge) {
  receive(input_, "half");
  load_.input_bytes = input_bytes_max;
  EXPECT_FALSE(receive(input_, " of a frame"));
  EXPECT_EQ(input_.bytes(), "");
  EXPECT_EQ(load_.input_bytes, input_bytes_max) << "of the others";
}

TEST_F(InputTest, WithoutAFrameBegunThereIsAlwaysRoom) {
  load_.input_bytes = input_bytes_max + 1;
  EXPECT_TRUE(receive(input_, "a request"));
}

TEST(Deadline, HasPassedFromItsTimeOn) {
  const auto begin = Clock::now();
  Deadline deadline;
  EXPECT_FALSE(deadline.passed(Clock::time_point::max() - Clock::duration{1})) << "none is set";
  deadline.set(begin, std::chrono::milliseconds{5});
  EXPECT_FALSE(deadline.passed(begin + std::chrono::milliseconds{4}));
  EXPECT_TRUE(deadline.passed(begin + std::chrono::milliseconds{5}));
  deadline.set(begin, std::chrono::milliseconds{0});
  EXPECT_FALSE(deadline.passed(begin + std::chrono::hours{1})) << "0 is off";
}

}  // namespace
}  // namespace kv
