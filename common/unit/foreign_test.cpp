#include "wire/foreign.hpp"

#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <string>

#include "wire/frame.hpp"

namespace kv {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StrEq;

constexpr std::size_t bytes_max = 4 * 1024 * 1024;

TEST(Foreign, WhoSpeaksIsGuessedFromTheFirstBytes) {
  const auto guess = [](const std::string& bytes) {
    const char* protocol = guess_protocol(bytes, bytes_max);
    return std::string{protocol ? protocol : ""};
  };
  EXPECT_EQ(guess("GET / HTTP/1.1\r\n"), "HTTP");
  for (const auto* method : {"POST", "PUT ", "HEAD", "DELE", "OPTI", "PATC", "CONN", "TRAC"})
    EXPECT_EQ(guess(method), "HTTP");
  EXPECT_EQ(guess("PRI * HTTP/2.0\r\n\r\nSM"), "HTTP/2, as gRPC uses it");
  EXPECT_EQ(guess("\x16\x03\x01\x02"), "TLS");
  EXPECT_EQ(guess("*1\r\n$4\r\nPING\r\n"), "Redis");
  EXPECT_EQ(guess("PING\r\n"), "Redis");
  EXPECT_EQ(guess("SSH-2.0-OpenSSH_9.2\r\n"), "SSH");
  EXPECT_EQ(guess("\x05\0\0\0hello"s), "a length in little-endian order");
  EXPECT_EQ(guess("\x01\0\0\x01\0"s), "a gRPC message, with its flag before the length");
  EXPECT_EQ(guess("\x01\0\0\0\x64"s), "a gRPC message, with its flag before the length");
  EXPECT_EQ(guess("\xff\xff\xff\xff"), "");
  EXPECT_EQ(guess("\x80"), "");
}

TEST(Foreign, TheErrorSaysTheLimitThatWasSetAndTheGuess) {
  std::string_view input = "GET / HTTP/1.1\r\n";
  const auto refused = next_frame(input, bytes_max);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("the limit is 4194304. This looks like HTTP;"));
}

class ForeignLogTest : public testing::Test {
 protected:
  ForeignLogTest() {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)));
  }
  ~ForeignLogTest() override { spdlog::set_default_logger(before_); }

  std::string logged() {
    std::string text = text_.str();
    text_.str("");
    return text;
  }

  ForeignLog log_;
  const ForeignLog::Clock::time_point start_ = ForeignLog::Clock::now();

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(ForeignLogTest, ALineNamesThePeerAndItsFirstBytesMadeHarmless) {
  log_.add("127.0.0.1:5", "GET /\n\x1b[31m and a long rest", "too long");
  const auto line = logged();
  EXPECT_THAT(line, HasSubstr("127.0.0.1:5"));
  EXPECT_THAT(line, HasSubstr("too long"));
  EXPECT_THAT(line, HasSubstr("'GET /\\x0a\\x1b[31m and ...'"));
  EXPECT_THAT(line, Not(HasSubstr("\x1b")));
}

TEST_F(ForeignLogTest, ThereIsOneLineASecondAndItCountsTheOthers) {
  log_.add("a", "x", "why", start_);
  EXPECT_THAT(logged(), Not(IsEmpty()));
  for (int i = 0; i < 1'000; ++i)
    log_.add("b", "x", "why", start_ + std::chrono::milliseconds{999});
  EXPECT_THAT(logged(), IsEmpty());
  log_.add("c", "x", "why", start_ + std::chrono::seconds{1});
  EXPECT_THAT(logged(), HasSubstr("1000 more since the last line"));
}

}  // namespace
}  // namespace kv
