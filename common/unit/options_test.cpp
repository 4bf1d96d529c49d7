#include "base/options.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <thread>
#include <vector>

#include "base/fatal_error.hpp"
#include "fixtures/temp_folder.hpp"

namespace kv {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using Flags = std::vector<std::string>;

std::optional<Options> parsed(const Flags& flags) {
  std::vector<const char*> argv{"kv-server"};
  for (const auto& flag : flags) argv.push_back(flag.c_str());
  return parse_options(static_cast<int>(argv.size()), argv.data());
}

/// The options, of flags that must be right.
Options options(const Flags& flags) {
  try {
    return parsed(flags).value();
  } catch (const FatalError& error) {
    ADD_FAILURE() << testing::PrintToString(flags) << ": " << error.what();
    return {};
  }
}

/// What is said about flags that must be wrong: one line, for exit status 2.
std::string refusal(const Flags& flags) {
  try {
    (void)parsed(flags);
  } catch (const FatalError& error) {
    EXPECT_EQ(error.exit_status(), 2);
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
    return error.what();
  }
  return "(nothing)";
}

class OptionsFile : public testing::Test {
 protected:
  std::string with(const std::string& lines) {
    const auto name = (folder_.path() / "kv.conf").string();
    std::ofstream{name} << lines;
    return name;
  }

 private:
  test::TempFolder folder_;
};

TEST(Options, HaveTheirDefaults) {
  const auto defaults = options({});
  EXPECT_EQ(defaults.host, "127.0.0.1");
  EXPECT_EQ(defaults.port, 9527);
  EXPECT_EQ(defaults.log_level, "info");
  EXPECT_FALSE(defaults.allow_remote);
  EXPECT_EQ(defaults.max_connections, 10'000u);
  EXPECT_EQ(defaults.threads, std::max(1u, std::thread::hardware_concurrency()));
  EXPECT_EQ(defaults.frame_bytes_max, 4u * 1024 * 1024);
  EXPECT_EQ(defaults.idle_timeout, 300s);
  EXPECT_EQ(defaults.frame_timeout, 10s);
  EXPECT_EQ(defaults.slow_log_ms, std::nullopt) << "off";
  EXPECT_FALSE(defaults.timing);
  EXPECT_FALSE(defaults.read_only);
  EXPECT_EQ(defaults.auth_token_file, "");
}

TEST(Options, AreReadFromFlags) {
  const auto read = options(
      {"--host",      "127.0.0.2",         "--port=0", "--log-level",   "off",  "--max-connections",
       "7",           "--threads",         "3",        "--max-frame",   "2000", "--idle-timeout",
       "60",          "--frame-timeout",   "2.5",      "--slow-log-ms", "0",    "--timing",
       "--read-only", "--auth-token-file", "a file"});
  EXPECT_EQ(read.host, "127.0.0.2");
  EXPECT_EQ(read.port, 0);
  EXPECT_EQ(read.log_level, "off");
  EXPECT_EQ(read.max_connections, 7u);
  EXPECT_EQ(read.threads, 3u);
  EXPECT_EQ(read.frame_bytes_max, 2000u);
  EXPECT_EQ(read.idle_timeout, 60s);
  EXPECT_EQ(read.frame_timeout, 2500ms);
  EXPECT_EQ(read.slow_log_ms, 0u);
  EXPECT_TRUE(read.timing);
  EXPECT_TRUE(read.read_only);
  EXPECT_EQ(read.auth_token_file, "a file");
}

TEST(Options, NumbersAreTakenAtTheirEdges) {
  EXPECT_EQ(options({"--port", "65535"}).port, 65'535);
  EXPECT_EQ(options({"--max-connections", "1"}).max_connections, 1u);
  EXPECT_EQ(options({"--max-connections", "4294967295"}).max_connections, 4'294'967'295u);
  EXPECT_EQ(options({"--threads", "1"}).threads, 1u);
  EXPECT_EQ(options({"--threads", "256"}).threads, 256u);
  EXPECT_EQ(options({"--max-frame", "1024"}).frame_bytes_max, 1024u);
  EXPECT_EQ(options({"--max-frame", "67108864"}).frame_bytes_max, 64u * 1024 * 1024);
}

TEST(Options, NumbersOverTheirEdgesAreRefused) {
  EXPECT_EQ(refusal({"--port", "65536"}),
            "--port: must be a whole number from 0 to 65535, not '65536'");
  EXPECT_THAT(refusal({"--max-connections", "0"}), HasSubstr("from 1 to 4294967295, not '0'"));
  EXPECT_THAT(refusal({"--max-connections", "4294967296"}), HasSubstr("not '4294967296'"));
  EXPECT_THAT(refusal({"--threads", "0"}), HasSubstr("from 1 to 256, not '0'"));
  EXPECT_THAT(refusal({"--threads", "257"}), HasSubstr("not '257'"));
  EXPECT_THAT(refusal({"--max-frame", "1023"}), HasSubstr("from 1024 to 67108864, not '1023'"));
  EXPECT_THAT(refusal({"--max-frame", "67108865"}), HasSubstr("not '67108865'"));
}

TEST(Options, WhatIsNoNumberIsRefused) {
  for (const char* flag :
       {"--port", "--max-connections", "--threads", "--max-frame", "--slow-log-ms"}) {
    for (const char* text :
         {"-1", "010x", "0x10", "1.5", "1e3", " 1", "1 ", "+1", "x", "99999999999999999999999"}) {
      EXPECT_THAT(refusal({std::string{flag} + "=" + text}),
                  AllOf(HasSubstr(flag), HasSubstr("'" + std::string{text} + "'")));
    }
  }
}

TEST(Options, ADecimalNumberMayBeginWithZero) { EXPECT_EQ(options({"--port", "010"}).port, 10); }

TEST(Options, SecondsMayHaveAFraction) {
  EXPECT_EQ(options({"--idle-timeout", "0"}).idle_timeout, 0ms);
  EXPECT_EQ(options({"--idle-timeout", "0.5"}).idle_timeout, 500ms);
  EXPECT_EQ(options({"--idle-timeout", "0.0001"}).idle_timeout, 1ms) << "0 would be none at all";
  EXPECT_EQ(options({"--frame-timeout", "31536000"}).frame_timeout, 365 * 24h);
}

TEST(Options, WhatAreNoSecondsIsRefused) {
  for (const char* flag : {"--idle-timeout", "--frame-timeout"}) {
    for (const char* text : {"-1", "-0.5", "1e3", "nan", "inf", "1s", " 1", "31536001"}) {
      EXPECT_THAT(refusal({std::string{flag} + "=" + text}),
                  AllOf(HasSubstr(flag), HasSubstr("'" + std::string{text} + "'")));
    }
  }
}

TEST(Options, LogLevelsAreSix) {
  for (const char* level : {"trace", "debug", "info", "warn", "error", "off"}) {
    EXPECT_EQ(options({"--log-level", level}).log_level, level);
  }
  EXPECT_THAT(refusal({"--log-level", "loud"}), HasSubstr("--log-level"));
}

TEST(Options, UnknownFlagsAndWordsAreRefused) {
  EXPECT_THAT(refusal({"--nonsense"}), HasSubstr("--nonsense"));
  EXPECT_THAT(refusal({"word"}), HasSubstr("word"));
  for (const Flags& none : {Flags{"--port"}, Flags{"--port="}, Flags{"--port", ""}}) {
    EXPECT_THAT(refusal(none), HasSubstr("--port"));
  }
}

TEST(Options, TheHostIsAnAddress) {
  EXPECT_EQ(options({"--host", "localhost"}).host, "127.0.0.1");
  EXPECT_EQ(options({"--host", "::1"}).host, "::1");
  EXPECT_THAT(refusal({"--host", "example.org"}), HasSubstr("'example.org' is not an IP address"));
  EXPECT_THAT(refusal({"--host", ""}), HasSubstr("is not an IP address"));
}

TEST(Options, AHostThatOthersCanReachNeedsAllowRemoteAndAToken) {
  for (const char* host : {"0.0.0.0", "::", "192.0.2.1"}) {
    EXPECT_THAT(refusal({"--host", host}), AllOf(HasSubstr(host), HasSubstr("--allow-remote")));
    EXPECT_THAT(refusal({"--host", host, "--auth-token-file", "a file"}),
                HasSubstr("--allow-remote"));
    EXPECT_THAT(refusal({"--host", host, "--allow-remote"}), HasSubstr("--auth-token-file"));
    EXPECT_EQ(options({"--host", host, "--allow-remote", "--auth-token-file", "a file"}).host,
              host);
  }
}

TEST(Options, HelpAndVersionLeaveNothingToDo) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(parsed({"--help"}), std::nullopt);
  EXPECT_EQ(parsed({"--version"}), std::nullopt);
  const auto out = testing::internal::GetCapturedStdout();
  EXPECT_THAT(out, HasSubstr("--max-frame"));
  EXPECT_THAT(out, HasSubstr("kv-server " KV_STAGE));
}

TEST_F(OptionsFile, HoldsFlagsWithoutDashes) {
  const auto read = options({"--config", with("# a comment\nport = 1234\nidle-timeout=0.25\n"
                                              "log-level=warn\nmax-frame=4096\n")});
  EXPECT_EQ(read.port, 1234);
  EXPECT_EQ(read.idle_timeout, 250ms);
  EXPECT_EQ(read.log_level, "warn");
  EXPECT_EQ(read.frame_bytes_max, 4096u);
  EXPECT_EQ(read.threads, options({}).threads) << "what it does not name stays as it is";
}

TEST_F(OptionsFile, IsOverruledByFlags) {
  const auto file = with("port=1234\nthreads=2\n");
  const auto read = options({"--port", "4321", "--config", file});
  EXPECT_EQ(read.port, 4321);
  EXPECT_EQ(read.threads, 2u);
}

TEST_F(OptionsFile, IsHeldToTheSameRules) {
  for (const char* line : {"port=65536", "port=-1", "port=010x", "max-frame=1023",
                           "idle-timeout=1s", "log-level=loud", "host=0.0.0.0"}) {
    EXPECT_NE(refusal({"--config", with(std::string{line} + "\n")}), "(nothing)") << line;
  }
}

TEST_F(OptionsFile, AMisspeltKeyIsRefused) {
  EXPECT_THAT(refusal({"--config", with("prot=1234\n")}), HasSubstr("prot"));
}

TEST_F(OptionsFile, MustBeThere) {
  EXPECT_THAT(refusal({"--config", "/no/such/file"}),
              "--config: cannot read the file '/no/such/file': No such file or directory");
  EXPECT_THAT(refusal({"--config", "/"}), HasSubstr("'/': Is a directory"));
  EXPECT_EQ(refusal({"--config", ""}), "--config: the name is empty");
}

TEST_F(OptionsFile, MayHaveBlanksQuotesAndCommentsAndComeFromElsewhere) {
  const auto read = options({"--config", with("\xef\xbb\xbfport = \t1234\r\n\r\n  ; no\r\n"
                                              "# threads=9\r\nlog-level = \"warn\" \r\n"
                                              "host=127.0.0.1\r\nallow-remote=true")});
  EXPECT_EQ(read.port, 1234);
  EXPECT_EQ(read.log_level, "warn");
  EXPECT_TRUE(read.allow_remote);
  EXPECT_EQ(options({"--config", with("")}).port, 9527);
  EXPECT_EQ(options({"--config", with("\n\n")}).port, 9527);
}

TEST_F(OptionsFile, AnErrorNamesTheFileTheLineAndWhatIsExpected) {
  for (const auto& [lines, error] : std::vector<std::pair<std::string, std::string>>{
           {"threads=x", "1: --threads: must be a whole number from 1 to 256, not 'x'"},
           {"\n\nport=-1", "3: --port: must be a whole number from 0 to 65535, not '-1'"},
           {"prot=1234", "1: there is no flag --prot"},
           {"--port=1234", "1: there is no flag ----port"},
           {"[server]\nport=1", "1: expected KEY=VALUE, not '[server]'"},
           {"port", "1: expected KEY=VALUE, not 'port'"},
           {"x", "1: expected KEY=VALUE, not 'x'"},
           {"=1", "1: expected KEY=VALUE, not '=1'"},
           {"port=", "1: --port: there is nothing behind the ="},
           {"host=\"\"", "1: --host: there is nothing behind the ="},
           {"host=\"127.0.0.1",
            "1: the value's double quote must be closed, at the end of the line"},
           {"host=\"a\" b", "1: the value's double quote must be closed, at the end of the line"},
           {"port=1 # one", "1: a comment needs a line of its own, or the value double quotes"},
           {"port=1\nthreads=1\nport=1", "3: --port stands in line 1 already"},
           {"port=[1,2]", "1: --port: must be a whole number from 0 to 65535, not '[1,2]'"},
           {"config=other", "1: --config belongs on the command line only"},
           {"help=true", "1: --help belongs on the command line only"},
       }) {
    const auto file = with(lines);
    EXPECT_EQ(refusal({"--config", file}), file + ", line " + error);
  }
}

TEST_F(OptionsFile, AFlagIsTrueOrFalse) {
  EXPECT_TRUE(options({"--config", with("allow-remote=true")}).allow_remote);
  EXPECT_FALSE(options({"--config", with("allow-remote=false")}).allow_remote);
  EXPECT_TRUE(options({"--allow-remote", "--config", with("allow-remote=false")}).allow_remote);
  for (const char* value :
       {"-1", "0", "1", "2", "yes", "on", "True", "TRUE", "t", "{}", "enable"}) {
    EXPECT_THAT(refusal({"--config", with("allow-remote=" + std::string{value})}),
                HasSubstr("line 1: --allow-remote: must be true or false, not '" +
                          std::string{value} + "'"));
  }
}

TEST(Options, AFlagIsThereOrTrueOrFalse) {
  EXPECT_TRUE(options({"--allow-remote"}).allow_remote);
  EXPECT_TRUE(options({"--allow-remote=true"}).allow_remote);
  EXPECT_FALSE(options({"--allow-remote=false"}).allow_remote);
  EXPECT_EQ(refusal({"--allow-remote="}), "--allow-remote: there is nothing behind the =");
  for (const char* value : {"-1", "0", "1", "2", "yes", "on", "True", "perhaps"}) {
    EXPECT_EQ(refusal({"--allow-remote=" + std::string{value}}),
              "--allow-remote: must be true or false, not '" + std::string{value} + "'");
  }
}

}  // namespace
}  // namespace kv
