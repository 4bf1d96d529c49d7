#include "net/listen.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <boost/asio/buffer.hpp>

#include <optional>

#include "base/fatal_error.hpp"
#include "fixtures/descriptor.hpp"
#include "fixtures/socket.hpp"

namespace kv::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// The text of the FatalError that an action ends in.
template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const FatalError& error) {
    EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::cannot_start));
    return error.what();
  }
  return "none";
}

/// The number that the next file gets: the lowest that is free.
int next_descriptor() { return Descriptor{::open("/dev/null", O_RDONLY | O_CLOEXEC)}.get(); }

class NoDescriptorLeft {
 public:
  NoDescriptorLeft() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit now{static_cast<rlim_t>(next_descriptor()), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  ~NoDescriptorLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

class ListenTest : public testing::Test {
 protected:
  /// Of the accepted socket.
  int option(int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(accepted_->native_handle(), level, name, &value, &size);
    return value;
  }

  void connect() {
    client_.emplace(acceptor_.local_endpoint().port());
    accepted_.emplace(acceptor_.accept());
  }

  boost::asio::io_context context_;
  tcp::acceptor acceptor_ = listen(context_, 0);
  std::optional<Socket> client_;
  std::optional<tcp::socket> accepted_;
};

TEST_F(ListenTest, PicksAFreePortOfThisMachineAlone) {
  EXPECT_EQ(acceptor_.local_endpoint().address().to_string(), "127.0.0.1");
  EXPECT_NE(acceptor_.local_endpoint().port(), 0);
}

TEST_F(ListenTest, WhoConnectsIsAccepted) {
  connect();
  client_->send("PING");
  char bytes[4];
  EXPECT_EQ(accepted_->read_some(boost::asio::buffer(bytes)), 4u);
}

TEST_F(ListenTest, APortThatIsInUseIsRefusedAndNamed) {
  const auto port = acceptor_.local_endpoint().port();
  EXPECT_THAT(
      refusal([&] { listen(context_, port); }),
      testing::AllOf(StartsWith("cannot listen on 127.0.0.1:" + std::to_string(port) + ": "),
                     HasSubstr("(--port 0 picks a free port)")));
}

/// For a minute the kernel remembers a connection that we have closed first.
TEST_F(ListenTest, APortIsFreeAgainWhenItsServerHasEnded) {
  const auto port = acceptor_.local_endpoint().port();
  connect();
  accepted_.reset();
  EXPECT_EQ(client_->receive_until_closed(), "");
  client_.reset();
  acceptor_.close();
  EXPECT_EQ(refusal([&] { listen(context_, port); }), "none");
}

TEST_F(ListenTest, RoomIsExpectedAndNotTaken) {
  const int before = next_descriptor();
  EXPECT_EQ(refusal([&] { expect_room(acceptor_); }), "none");
  EXPECT_EQ(next_descriptor(), before);
}

TEST_F(ListenTest, WithoutADescriptorForAConnectionThereIsNoStart) {
  const NoDescriptorLeft none;
  EXPECT_THAT(refusal([&] { expect_room(acceptor_); }),
              testing::AllOf(StartsWith("cannot "), HasSubstr("no descriptor is left")));
}

TEST_F(ListenTest, AReplyDoesNotWaitForTheNextOne) {
  connect();
  set_options(*accepted_);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST_F(ListenTest, TheKernelAsksAfterWhoIsSilent) {
  connect();
  set_options(*accepted_);
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), keepalive_idle_s);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL), keepalive_interval_s);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPCNT), keepalive_probes);
}

TEST_F(ListenTest, OptionsThatCannotBeSetAreNoError) {
  tcp::socket closed{context_};
  EXPECT_NO_THROW(set_options(closed));
}

}  // namespace
}  // namespace kv::test
