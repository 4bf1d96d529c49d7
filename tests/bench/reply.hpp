#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "request.hpp"

namespace kv::bench {

/// What an answer says, of either protocol. The views are into what was received.
struct Reply {
  enum class Kind {
    ok,
    missing,  ///< no such key: 404, or RESP's nil
    error,
  };
  Kind kind = Kind::ok;
  std::optional<std::string_view> value = {};  ///< of frames the first one; of RESP any text
  std::string_view message = {};               ///< of an error, why; of a PING, its answer

  bool operator==(const Reply&) const = default;
};

inline constexpr std::size_t reply_bytes_max = 64 * 1024 * 1024;  ///< the largest --max-frame

/// Takes the first reply off the front of `input`; nullopt when it is not there to its end.
/// Throws std::runtime_error when this is not the protocol: what follows means nothing then.
std::optional<Reply> next_reply(Protocol protocol, std::string_view& input);

}  // namespace kv::bench
