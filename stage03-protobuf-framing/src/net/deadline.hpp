#pragma once

#include <chrono>

namespace kv {

using Clock = std::chrono::steady_clock;

/// Until when a session waits for its client. It only notes that: its worker looks at the deadlines
/// of all its sessions, and cancels what waits when one has passed.
class Deadline {
 public:
  void set(Clock::time_point begin, std::chrono::milliseconds timeout) {  // 0 is off
    end_ = timeout.count() == 0 ? Clock::time_point::max() : begin + timeout;
  }

  bool passed(Clock::time_point now = Clock::now()) const { return now >= end_; }

 private:
  Clock::time_point end_ = Clock::time_point::max();
};

}  // namespace kv
