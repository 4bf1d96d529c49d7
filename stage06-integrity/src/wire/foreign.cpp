#include "wire/foreign.hpp"

#include <boost/endian/conversion.hpp>
#include <spdlog/spdlog.h>

#include <array>
#include <cstdint>

#include "base/log.hpp"

namespace kv {
namespace {

struct Beginning {
  std::string_view bytes;
  const char* protocol;
};
constexpr std::array beginnings{Beginning{"PRI ", "HTTP/2, as gRPC uses it"},
                                Beginning{"GET ", "HTTP"},
                                Beginning{"HEAD", "HTTP"},
                                Beginning{"POST", "HTTP"},
                                Beginning{"PUT ", "HTTP"},
                                Beginning{"DELE", "HTTP"},
                                Beginning{"OPTI", "HTTP"},
                                Beginning{"PATC", "HTTP"},
                                Beginning{"CONN", "HTTP"},
                                Beginning{"TRAC", "HTTP"},
                                Beginning{"\x16\x03", "TLS"},
                                Beginning{"*", "Redis"},
                                Beginning{"PING", "Redis"},
                                Beginning{"ping", "Redis"},
                                Beginning{"AUTH", "Redis"},
                                Beginning{"INFO", "Redis"},
                                Beginning{"SSH-", "SSH"}};

}  // namespace

const char* guess_protocol(std::string_view bytes, std::size_t frame_bytes_max) {
  for (const auto& beginning : beginnings) {
    if (bytes.starts_with(beginning.bytes)) return beginning.protocol;
  }
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  if (bytes.size() >= 5 && at[0] == 1 && boost::endian::load_big_u32(at + 1) <= frame_bytes_max)
    return "a gRPC message, with its flag before the length";
  if (bytes.size() >= 4 && boost::endian::load_little_u32(at) <= frame_bytes_max)
    return "a length in little-endian order";
  return nullptr;
}

void ForeignLog::add(const std::string& peer, std::string_view bytes, const std::string& why,
                     Clock::time_point now) {
  constexpr std::chrono::seconds pause{1};
  constexpr std::size_t shown_max = 16;
  const std::lock_guard lock{mutex_};
  if (now < next_) {
    ++left_out_;
    return;
  }
  spdlog::warn("{} sent what is no frame, and is closed: {}; it begins with '{}'{}", peer, why,
               escaped(bytes.substr(0, shown_max)) + (bytes.size() > shown_max ? "..." : ""),
               left_out_ == 0 ? "" : fmt::format("; {} more since the last line", left_out_));
  next_ = now + pause;
  left_out_ = 0;
}

}  // namespace kv
