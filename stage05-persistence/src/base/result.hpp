#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>

namespace kv {

/// How a command ended. The numbers are HTTP's, which everybody knows by heart already.
enum class Status : std::uint32_t {
  ok = 200,
  bad_request = 400,
  unauthorized = 401,
  forbidden = 403,
  not_found = 404,
  timed_out = 408,
  too_large = 413,
  storage_failed = 500,
  overloaded = 503,
};

/// Why something that may fail did. The text is for the person at the other end: what happened, to
/// what.
struct Error {
  Status status;
  std::string message;
};

/// A value, or the Error that is there in its place. Expected failures travel this way; exceptions
/// are for start-up (fatal_error.hpp), and bugs are assertions.
template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace kv
