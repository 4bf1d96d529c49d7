#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command/hooks.hpp"

namespace kv::test {

/// What hooks tell about themselves, from whatever thread they run on.
class Notes {
 public:
  void add(std::string note) {
    const std::lock_guard lock{mutex_};
    notes_.push_back(std::move(note));
    added_.notify_all();
  }
  std::vector<std::string> all() {
    const std::lock_guard lock{mutex_};
    return notes_;
  }
  /// The notes, as soon as they are so many; what there is after 10 s.
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    added_.wait_for(lock, std::chrono::seconds{10}, [&] { return notes_.size() >= count; });
    return notes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable added_;
  std::vector<std::string> notes_;
};

/// Four hooks that do nothing but tell that they were called.
inline void add_notes(HooksBuilder& hooks, Notes& notes, const std::string& name = "") {
  const auto status = [](const Response& response) {
    return " " + std::to_string(static_cast<unsigned>(response.status));
  };
  hooks
      .on_received([&notes, name](Exchange&, const Request& request) -> std::optional<Response> {
        notes.add(name + "received " + name_of(request));
        return std::nullopt;
      })
      .on_executed(
          [&notes, name, status](Exchange&, const Request& request, const Response& response) {
            notes.add(name + "executed " + name_of(request) + status(response));
          })
      .on_before_send([&notes, name, status](Exchange&, Response& response) {
        notes.add(name + "before_send" + status(response));
      })
      .on_after_send([&notes, name](Exchange&) { notes.add(name + "after_send"); });
}

/// Answers the commands of this name itself.
inline void add_refusal(HooksBuilder& hooks, const std::string& command,
                        const std::string& message) {
  hooks.on_received([=](Exchange&, const Request& request) -> std::optional<Response> {
    if (name_of(request) != command) return std::nullopt;
    return Response{.status = Status::forbidden, .message = message};
  });
}

}  // namespace kv::test
