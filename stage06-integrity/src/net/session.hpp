#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/intrusive/list_hook.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/barrier.hpp"
#include "net/deadline.hpp"
#include "net/input.hpp"
#include "net/listen.hpp"
#include "net/session_watch.hpp"
#include "net/shared.hpp"

namespace kv {

using boost::asio::awaitable;

/// One connection, from its first byte to its last: reads what is there, executes every whole
/// request in it, writes all the answers at once. A client that pipelines is served in batches,
/// without being asked to; one that does not read its answers is not read from either, and holds
/// answers_waiting_max (and the answer that went over it) at most.
///
/// It lives on one thread, its worker's, which links it into a list; all calls come from there.
class Session : public boost::intrusive::list_base_hook<
                    boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Session(tcp::socket socket, const Shared& shared, Barrier& barrier);
  ~Session();

  /// Ends when the client has left or broken the protocol; the socket is closed then. Nothing that
  /// a client does is an exception here.
  awaitable<void> run();

  /// Tells the client why it is not served, and closes.
  awaitable<void> refuse(const Error& reason);

  /// No more input: what has been received is answered, then the session ends.
  void drain();

  /// Ends what the session waits for when that has taken too long.
  void check_deadline(Clock::time_point now);

 private:
  enum class Next { receive, execute, close };

  awaitable<bool> receive();  // false: the client has left, or has been idle for too long
  Next execute();             // fills answers_ from input_; says what comes once it is sent
  awaitable<bool> send();  // false: the client has left. The one door: all bytes leave through here
  void set_receive_deadline();
  void answer(Response response);       // to what is no command
  void answer(const Request& request);  // to a command, which is run
  std::size_t frame_bytes_max() const;
  Response run_command(Exchange& exchange, const Request& request);  // through the hooks
  std::string take_events();    // to send; what is lost is told, and is the end
  awaitable<void> end_watch();  // sends what has come before

  /// A response on its way out; what could not be decoded is no command, and has no hooks.
  struct Answer {
    Response response;
    std::optional<Exchange> exchange;
  };

  tcp::socket socket_;
  const Shared& shared_;
  Barrier& barrier_;
  Connection connection_;
  Input input_;
  std::vector<Answer> answers_;             // executed and not yet sent
  std::size_t answers_bytes_ = 0;           // they take about so many
  std::string output_;                      // encoded, to send
  Deadline deadline_;                       // of what is waited for now
  std::unique_ptr<SessionWatch> watching_;  // none: the connection watches nothing
};

}  // namespace kv
