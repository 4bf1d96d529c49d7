#include "command/auth.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "base/fatal_error.hpp"
#include "fixtures/temp_folder.hpp"

namespace kv::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// --- the file ---

class TokenFile : public testing::Test {
 protected:
  std::string with(const std::string& bytes) {
    const auto name = (folder_.path() / "token").string();
    std::ofstream{name, std::ios::binary} << bytes;
    return name;
  }
  static void expect_refused(const std::string& name, const std::string& why) {
    try {
      ADD_FAILURE() << "a token in " << name << ": " << read_token(name);
    } catch (const FatalError& error) {
      EXPECT_EQ(error.exit_status(), 1);
      EXPECT_THAT(error.what(), AllOf(HasSubstr(why), HasSubstr(name)));
    }
  }
  std::string folder() const { return folder_.path().string(); }

 private:
  TempFolder folder_;
};

TEST_F(TokenFile, HoldsTheToken) {
  EXPECT_EQ(read_token(with("secret")), "secret");
  EXPECT_EQ(read_token(with(" two words\t")), " two words\t");
  EXPECT_EQ(read_token(with({"\0\xc3\xbc", 3})), std::string("\0\xc3\xbc", 3));
  EXPECT_EQ(read_token(with(std::string(1000, 't') + "\n")), std::string(1000, 't'));
}

TEST_F(TokenFile, MayEndInOneNewline) {
  EXPECT_EQ(read_token(with("secret\n")), "secret");
  EXPECT_EQ(read_token(with("secret\r\n")), "secret");
  EXPECT_EQ(read_token(with("secret\n\n")), "secret\n");
  EXPECT_EQ(read_token(with("secret\n\r\n")), "secret\n");
  EXPECT_EQ(read_token(with("secret\r\r\n")), "secret\r");
  EXPECT_EQ(read_token(with("secret\r")), "secret\r") << "that is no line end";
  EXPECT_EQ(read_token(with("\nsecret")), "\nsecret");
}

TEST_F(TokenFile, MayBeginWithAByteOrderMark) {
  EXPECT_EQ(read_token(with("\xef\xbb\xbfsecret\n")), "secret");
  EXPECT_EQ(read_token(with("\xef\xbb\xbf\xef\xbb\xbfs")), "\xef\xbb\xbfs") << "only one";
}

TEST_F(TokenFile, WithoutATokenIsRefused) {
  for (const char* bytes : {"", "\n", "\r\n", "\xef\xbb\xbf\n"})
    expect_refused(with(bytes), "no token in");
}

TEST_F(TokenFile, WithATokenThatNoClientCouldSendIsRefused) {
  expect_refused(with("\xff\xfe"), "not UTF-8");
  expect_refused(with(std::string(1001, 't')), "1000 bytes");
}

TEST_F(TokenFile, ThatCannotBeReadIsRefused) {
  expect_refused(folder() + "/no such file", "cannot read");
  expect_refused(folder(), "cannot read");
}

// --- the hook ---

class AuthTest : public testing::Test {
 protected:
  AuthTest() {
    HooksBuilder builder;
    add_auth(builder, "secret");
    hooks_ = builder.build();
  }

  /// How a request is answered in place of the service; ok where it is let through.
  Status ask(const Request& request) {
    Exchange exchange{connection};
    const auto response = hooks_->received(exchange, request);
    return response ? response->status : Status::ok;
  }

  Connection connection;

 private:
  std::shared_ptr<const Hooks> hooks_;
};

TEST_F(AuthTest, EverythingBeforeTheTokenIsUnauthorized) {
  for (const Request& request :
       {Request{Ping{}}, Request{Hget{"t", "k"}}, Request{Hset{"t", {"k", "v"}}},
        Request{Watch{"t"}}, Request{Info{}}}) {
    EXPECT_EQ(ask(request), Status::unauthorized);
  }
  EXPECT_FALSE(connection.authenticated);
  EXPECT_FALSE(connection.close) << "not to know the token is not to guess it";
}

TEST_F(AuthTest, TheTokenOpensTheConnection) {
  EXPECT_EQ(ask(Auth{"secret"}), Status::ok);
  EXPECT_TRUE(connection.authenticated);
  EXPECT_EQ(ask(Ping{}), Status::ok);
  EXPECT_EQ(ask(Hset{"t", {"k", "v"}}), Status::ok);
}

TEST_F(AuthTest, NothingButTheTokenDoes) {
  for (const char* token :
       {"", "s", "secre", "secretx", "secretsecret", "Secret", "xecret", "secrex", "secret\n"}) {
    connection = {};
    EXPECT_EQ(ask(Auth{token}), Status::unauthorized) << token;
    EXPECT_FALSE(connection.authenticated) << token;
  }
  connection = {};
  EXPECT_EQ(ask(Auth{std::string(10'000, 's')}), Status::unauthorized) << "longer than the token";
}

TEST_F(AuthTest, TheThirdWrongTokenCloses) {
  EXPECT_EQ(ask(Auth{"wrong"}), Status::unauthorized);
  EXPECT_EQ(ask(Auth{"wrong"}), Status::unauthorized);
  EXPECT_FALSE(connection.close);
  EXPECT_EQ(ask(Auth{"wrong"}), Status::unauthorized);
  EXPECT_TRUE(connection.close);
}

TEST_F(AuthTest, OtherCommandsAreNoWrongTokens) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(Ping{}), Status::unauthorized);
  (void)ask(Auth{"wrong"});
  (void)ask(Auth{"wrong"});
  EXPECT_FALSE(connection.close);
  EXPECT_EQ(ask(Auth{"secret"}), Status::ok);
}

TEST_F(AuthTest, AWrongTokenAfterTheRightOneTakesNothingAway) {
  (void)ask(Auth{"secret"});
  EXPECT_EQ(ask(Auth{"wrong"}), Status::unauthorized);
  EXPECT_EQ(ask(Ping{}), Status::ok);
}

TEST_F(AuthTest, CountsForOneConnectionOnly) {
  (void)ask(Auth{"secret"});
  connection = {};
  EXPECT_EQ(ask(Ping{}), Status::unauthorized);
}

}  // namespace
}  // namespace kv::test
