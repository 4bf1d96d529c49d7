// How a server starts and ends: flags, configuration files, exit statuses, and what it prints.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "fixtures/process.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"

namespace kv::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using Flags = std::vector<std::string>;

std::string joined(const Flags& flags) {
  std::string line;
  for (const std::string& flag : flags) line += flag + " ";
  return line;
}

class Start : public testing::Test {
 protected:
  /// A server that is not expected to start. One that does is killed after a while: status -1.
  Finished start(Flags flags) const {
    flags = with_environment_flags(std::move(flags), folder_.path());
    flags.insert(flags.begin(), server_program());
    try {
      return run(flags, {}, 5s);
    } catch (const std::runtime_error& error) {
      return {-1, {}, error.what()};
    }
  }

  /// Whether it ends with `status` and says why, in one line that holds `named`, and does nothing
  /// else.
  void expect_refused(const Flags& flags, int status, const std::string& named) const {
    const Finished finished = start(flags);
    EXPECT_EQ(finished.status, status) << joined(flags) << ": " << finished.err;
    EXPECT_EQ(finished.out, "") << joined(flags);
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << joined(flags) << ": " << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(named)) << joined(flags);
  }

  void expect_bad_values(const std::string& flag, const std::vector<std::string>& values) const {
    for (const std::string& value : values) expect_refused({"--port", "0", flag, value}, 2, flag);
  }

  std::string file(const std::string& content) const {
    const std::string name = (folder_.path() / "file").string();
    std::ofstream{name} << content;
    return name;
  }

  TempFolder folder_;
};

// What no number is: CLI11 alone takes several of them.
const std::vector<std::string> no_numbers{
    "-1", "010x", "1x", "x", "", " 1", "+1", "0x10", "1.5", "18446744073709551616", "1e3",
};

class OptionsCommon : public Start {};

TEST_F(OptionsCommon, APortIsANumberUpTo65535) {
  for (const std::string& value : no_numbers) expect_refused({"--port", value}, 2, "--port");
  expect_refused({"--port", "65536"}, 2, "--port");
  expect_refused({"--port=-1"}, 2, "--port");
  expect_refused({"--port"}, 2, "--port");
}

TEST_F(OptionsCommon, UnknownFlagsAndWordsAreRefused) {
  expect_refused({"--no-such-flag"}, 2, "--no-such-flag");
  expect_refused({"--prot", "1"}, 2, "--prot");
  expect_refused({"stray"}, 2, "stray");
}

TEST_F(OptionsCommon, APortInUseIsNamed) {
  const ServerProcess server;
  const std::string port = std::to_string(server.port());
  const Finished finished = start({"--port", port});
  EXPECT_EQ(finished.status, 1) << finished.err;
  EXPECT_EQ(finished.out, "");
  EXPECT_THAT(finished.err, HasSubstr(port));
  EXPECT_THAT(finished.err, HasSubstr("--port 0 picks a free port"));
}

TEST_F(OptionsCommon, HelpAndVersionGoToStandardOutput) {
  for (const char* flag : {"--help", "--version"}) {
    const Finished finished = run({server_program(), flag}, {}, 10s);
    EXPECT_EQ(finished.status, 0) << flag;
    EXPECT_NE(finished.out, "") << flag;
    EXPECT_EQ(finished.err, "") << flag;
  }
  const std::string help = run({server_program(), "--help"}).out;
  for (const char* flag : {"--port", "--version"}) EXPECT_THAT(help, HasSubstr(flag));
}

TEST_F(OptionsCommon, StandardOutputHoldsOneLine) {
  ServerProcess server;
  EXPECT_EQ(server.out(), "listening on 127.0.0.1:" + std::to_string(server.port()) + "\n");
  server.connect().half_close();
  server.terminate();
  EXPECT_EQ(server.wait(), 0);
  EXPECT_EQ(server.out(), "listening on 127.0.0.1:" + std::to_string(server.port()) + "\n");
}

TEST_F(OptionsCommon, BothSignalsEndItWithStatusZero) {
  ServerProcess server;
  server.terminate();
  EXPECT_EQ(server.wait(5s), 0);
  server.start_again();
  server.interrupt();
  EXPECT_EQ(server.wait(5s), 0);
}

TEST_F(OptionsCommon, APortIsFreeAgainAtOnce) {
  ServerProcess server;
  const std::string port = std::to_string(server.port());
  Socket client = server.connect();  // its end lingers on the port
  server.kill_9();
  ServerProcess next{
      ServerProcess::Options{.before = {"sh", "-c", "shift 2; exec \"$0\" \"$@\" --port " + port}}};
  EXPECT_EQ(std::to_string(next.port()), port);
}

/// From stage 3.
class OptionsLogAndHost : public Start {};

TEST_F(OptionsLogAndHost, ValuesAreChecked) {
  expect_refused({"--log-level", "loud"}, 2, "loud");
  expect_refused({"--host", "no.such.address.invalid"}, 2, "--host");
}

TEST_F(OptionsLogAndHost, OtherMachinesAreNotLetInByAccident) {
  for (const char* host : {"0.0.0.0", "192.0.2.1", "::"}) {
    expect_refused({"--port", "0", "--host", host}, 2, "--allow-remote");
  }
}

TEST_F(OptionsLogAndHost, EveryLoopbackAddressIsLetIn) {
  ServerProcess server{{"--host", "127.0.0.2"}};
  EXPECT_EQ(server.out(), "listening on 127.0.0.2:" + std::to_string(server.port()) + "\n");
}

TEST_F(OptionsLogAndHost, HelpNamesThem) {
  const std::string help = run({server_program(), "--help"}).out;
  for (const char* flag : {"--host", "--log-level", "--allow-remote"}) {
    EXPECT_THAT(help, HasSubstr(flag));
  }
}

TEST_F(OptionsLogAndHost, TheLogIsNoPartOfTheOutput) {
  ServerProcess server{{"--log-level", "trace"}};
  server.connect().half_close();
  server.terminate();
  EXPECT_EQ(server.wait(), 0);
  EXPECT_EQ(server.out(), "listening on 127.0.0.1:" + std::to_string(server.port()) + "\n");
}

/// Stage 3: --allow-remote is enough.
class OptionsRemote : public Start {};

TEST_F(OptionsRemote, OtherMachinesAreLetInWhenToldTo) {
  const ServerProcess server{{"--host", "0.0.0.0", "--allow-remote"}};
  EXPECT_EQ(server.out(), "listening on 0.0.0.0:" + std::to_string(server.port()) + "\n");
}

TEST_F(OptionsRemote, AnAddressOfAnotherMachineIsNotTakenForAPortInUse) {
  const Finished finished = start({"--port", "0", "--host", "192.0.2.1", "--allow-remote"});
  EXPECT_EQ(finished.status, 1) << finished.err;
  EXPECT_EQ(finished.out, "");
  EXPECT_THAT(finished.err, HasSubstr("--host must be an address of this machine"));
  EXPECT_THAT(finished.err, Not(HasSubstr("--port 0")));
}

class OptionsConnections : public Start {};

TEST_F(OptionsConnections, MaxConnectionsIsAPositiveNumber) {
  expect_bad_values("--max-connections", no_numbers);
  expect_bad_values("--max-connections", {"0"});
  const ServerProcess server{{"--max-connections", "1"}};
}

class OptionsFrames : public Start {
 protected:
  void expect_bad_configuration(const std::string& content, const std::string& named) const {
    expect_refused({"--port", "0", "--config", file(content)}, 2, named);
  }
};

TEST_F(OptionsFrames, NumbersAreChecked) {
  expect_bad_values("--threads", no_numbers);
  expect_bad_values("--threads", {"0"});
  expect_bad_values("--max-frame", no_numbers);
  expect_bad_values("--max-frame", {"0", "1023", "67108865", "4M"});
  for (const char* flag : {"--idle-timeout", "--frame-timeout"}) {
    expect_bad_values(flag, {"-1", "-0.1", "x", "", "1s", "nan", "inf", "1e400"});
  }
}

TEST_F(OptionsFrames, NumbersAtTheirEdgesAreTaken) {
  const ServerProcess smallest{{"--max-frame", "1024", "--threads", "1", "--idle-timeout", "0"}};
  const ServerProcess largest{
      {"--max-frame", "67108864", "--idle-timeout", "0.5", "--frame-timeout", "86400"}};
}

TEST_F(OptionsFrames, AConfigurationFileHoldsFlags) {
  const std::string name =
      file("max-frame=2048\nthreads=1\nlog-level=\"warn\"\nidle-timeout=1.5\n");
  ServerProcess server{{"--config", name}};
  Socket client = server.connect();
  client.send(std::string("\x00\x00\x08\x01", 4));  // 2,049 bytes
  EXPECT_THAT(client.receive_until_closed(), HasSubstr("\x08\x9d\x03")) << "status 413";
}

TEST_F(OptionsFrames, AWrongConfigurationIsRefused) {
  expect_bad_configuration("\nmax-frame=-1\n", (folder_.path() / "file").string() + ", line 2: ");
  expect_bad_configuration("allow-remote=-1\n", "must be true or false, not '-1'");
  expect_bad_configuration("allow-remote=\n", "--allow-remote");
  expect_bad_configuration("max-frame=2048\nmax-frame=4096\n", "line 2");
  expect_refused({"--port", "0", "--config", ""}, 2, "--config");
  expect_refused({"--port", "0", "--config="}, 2, "--config");
  expect_bad_configuration("max-fame=2048\n", "max-fame");
  expect_bad_configuration("no-such-key=1\nmax-frame=2048\n", "no-such-key");
  expect_bad_configuration("[section]\nmax-frame=2048\n", "section");
  expect_bad_configuration("max-frame=-1\n", "max-frame");
  expect_bad_configuration("max-frame=02048x\n", "max-frame");
  expect_bad_configuration("threads=many\n", "threads");
  expect_bad_configuration("idle-timeout=-1\n", "idle-timeout");
  expect_bad_configuration("host=0.0.0.0\n", "--allow-remote");
  expect_refused({"--port", "0", "--config", (folder_.path() / "absent").string()}, 2, "absent");
  expect_refused({"--port", "0", "--config", folder_.path().string()}, 2, folder_.path().string());
}

class OptionsEvents : public Start {};

TEST_F(OptionsEvents, FlagsAreChecked) {
  expect_bad_values("--slow-log-ms", no_numbers);
  for (const std::string flag : {"read-only", "timing"}) {
    for (const std::string value : {"perhaps", "-1", "0", "1", "2", "yes", ""}) {
      expect_refused({"--port", "0", "--" + flag + "=" + value}, 2, "--" + flag);
      const std::string line = flag + "=" + value + "\n";
      expect_refused({"--port", "0", "--config", file(line)}, 2, "line 1: --" + flag);
    }
  }
  expect_refused({"--port", "0", "--auth-token-file", ""}, 2, "--auth-token-file");
  expect_refused({"--port", "0", "--auth-token-file="}, 2, "--auth-token-file");
}

TEST_F(OptionsEvents, ATokenFileMustBeReadable) {
  const std::string absent = (folder_.path() / "absent").string();
  expect_refused({"--port", "0", "--auth-token-file", absent}, 1, absent);
  expect_refused({"--port", "0", "--auth-token-file", folder_.path().string()}, 1,
                 folder_.path().string());
}

TEST_F(OptionsEvents, AnEmptyTokenIsNone) {
  // Whoever sends nothing would be let in.
  for (const char* content : {"", "\n"}) {
    const Finished finished = start({"--port", "0", "--auth-token-file", file(content)});
    EXPECT_EQ(finished.status, 1);
    EXPECT_THAT(finished.err, HasSubstr(folder_.path().string()));
  }
}

TEST_F(OptionsEvents, OtherMachinesNeedATokenAsWell) {
  expect_refused({"--port", "0", "--host", "0.0.0.0", "--allow-remote"}, 2, "--auth-token-file");
  const std::string token = file("secret\n");
  expect_refused({"--port", "0", "--host", "0.0.0.0", "--auth-token-file", token}, 2,
                 "--allow-remote");
  const ServerProcess server{{"--host", "0.0.0.0", "--allow-remote", "--auth-token-file", token}};
  EXPECT_EQ(server.out(), "listening on 0.0.0.0:" + std::to_string(server.port()) + "\n");
}

class OptionsStore : public Start {};

TEST_F(OptionsStore, FlagsAreChecked) {
  expect_bad_values("--store", {"", "disk", "WAL"});
  expect_bad_values("--snapshot-every", no_numbers);
  expect_refused({"--port", "0", "--data-dir", ""}, 2, "--data-dir");
  expect_refused({"--port", "0", "--data-dir="}, 2, "--data-dir");
}

class OptionsPolicies : public Start {};

TEST_F(OptionsPolicies, FlagsAreChecked) {
  expect_bad_values("--fsync", {"", "sometimes", "Always"});
  expect_refused({"--port", "0", "--recover=guess"}, 2, "--recover");
  expect_refused({"--port", "0", "--store", "memory", "--require-store"}, 2, "--require-store");
}

TEST_F(OptionsPolicies, ARecoveryIsAskedForAtTheCommandLine) {
  // In a file it would cut at every later damage, too.
  expect_refused({"--port", "0", "--config", file("recover=truncate\n")}, 2,
                 "line 1: --recover belongs on the command line only");
}

TEST_F(OptionsStore, AFolderThatCannotBeMadeIsNamed) {
  const std::string below_a_file = file("") + "/data";
  const Finished finished = start({"--port", "0", "--data-dir", below_a_file});
  EXPECT_EQ(finished.status, 1) << finished.err;
  EXPECT_EQ(finished.out, "");
  EXPECT_THAT(finished.err, HasSubstr(below_a_file));
}

TEST_F(OptionsStore, BothSignalsEndAStartWithStatusZero) {
  // Its token is a pipe: the start waits for it, and we know that it does.
  const std::string pipe = (folder_.path() / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const int signal : {SIGINT, SIGTERM}) {
    Flags flags =
        with_environment_flags({"--port", "0", "--auth-token-file", pipe}, folder_.path());
    flags.insert(flags.begin(), server_program());
    Process server{flags, (folder_.path() / "out").string(), (folder_.path() / "err").string()};
    const std::ofstream writer{pipe};  // is open when the server has opened the other end
    server.send_signal(signal);
    EXPECT_EQ(server.wait(), 0);
  }
}

TEST_F(OptionsStore, EveryStoreStarts) {
  for (const char* store : {"memory", "wal"}) ServerProcess{{"--store", store}};
}

TEST_F(OptionsPolicies, EveryPolicyStarts) {
  for (const char* policy : {"always", "everysec", "never"}) ServerProcess{{"--fsync", policy}};
}

}  // namespace
}  // namespace kv::test
