#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command/command.hpp"

namespace kv {

/// What hooks may know of a connection, and keep about it. One thread at a time.
struct Connection {
  std::string peer;            ///< address and port
  bool authenticated = false;  ///< else its frames are small, frame_bytes_before_auth_max
  unsigned wrong_tokens = 0;
  bool close = false;  ///< set by a hook: the answers so far are sent, then it is closed
};

/// One command of a connection, from received to after_send, and what hooks keep about it. By the
/// time it is sent, its request is gone.
struct Exchange {
  explicit Exchange(Connection& of) : connection{of} {}

  Connection& connection;
  std::chrono::steady_clock::time_point begun = {};  ///< when it was received, if a hook says so
  std::string request = {};                          ///< in words, if a hook says so
  Status status = Status::ok;                        ///< of its response; for after_send
};

/// What is called around every command that could be decoded, in the order of registration:
///
///   received -> execute -> executed -> before_send -> the bytes are written -> after_send
///
/// A `received` hook may answer in place of the service. The first that does wins: no further one
/// is asked, and execution and `executed` are skipped. A `before_send` hook may change the
/// response. Frozen by HooksBuilder::build(); all connections on all threads share one, so what
/// hooks keep beside the connection, they guard.
class Hooks {
 public:
  using Received = std::function<std::optional<Response>(Exchange&, const Request&)>;
  using Executed = std::function<void(Exchange&, const Request&, const Response&)>;
  using BeforeSend = std::function<void(Exchange&, Response&)>;
  using AfterSend = std::function<void(Exchange&)>;

  std::optional<Response> received(Exchange& exchange, const Request& request) const;
  void executed(Exchange& exchange, const Request& request, const Response& response) const;
  void before_send(Exchange& exchange, Response& response) const;
  void after_send(Exchange& exchange) const;

 private:
  friend class HooksBuilder;
  std::vector<Received> received_;
  std::vector<Executed> executed_;
  std::vector<BeforeSend> before_send_;
  std::vector<AfterSend> after_send_;
};

class HooksBuilder {
 public:
  HooksBuilder& on_received(Hooks::Received hook);
  HooksBuilder& on_executed(Hooks::Executed hook);
  HooksBuilder& on_before_send(Hooks::BeforeSend hook);
  HooksBuilder& on_after_send(Hooks::AfterSend hook);

  /// The hooks so far; cheap to hand around.
  std::shared_ptr<const Hooks> build() const { return std::make_shared<const Hooks>(hooks_); }

 private:
  Hooks hooks_;
};

}  // namespace kv
