#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"
#include "table/value.hpp"

namespace kv {

/// Somebody who has to know of every change, in the order in which they happen.
class ChangeObserver {
 public:
  virtual ~ChangeObserver() = default;

  /// The changes of one command, in its order; no value where the key is removed. Called by the
  /// thread that executes the command, with the locks of all keys in it held, before anybody else
  /// can see the changes: so for each key, calls come in the order of its changes. An error
  /// refuses: nothing changes then, and the error is the command's answer. It must be quick, and
  /// must not call the storage. It throws nothing, since another observer may have kept the changes
  /// already: where memory runs out the process ends.
  virtual Result<void> on_change(std::string_view table,
                                 std::span<const Entry> changes) noexcept = 0;
};

}  // namespace kv
