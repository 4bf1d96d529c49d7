// Any bytes as the input of a connection: frames are found, decoded, executed and answered. In
// however many reads the bytes come, the answers are the same.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include "command/service.hpp"
#include "net/prefetch.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"
#include "wire/frame.hpp"

namespace {

constexpr std::size_t frame_bytes_max = 4096;

kv::Response answer_to(std::string_view message, kv::Service& service) {
  const auto request = kv::decode(message);
  if (!request) return {.status = request.error().status, .message = request.error().message};
  return service.execute(*request);
}

std::string answers_to(std::string_view bytes, std::size_t read_bytes) {
  kv::MemTable memtable{kv::answer_limit(frame_bytes_max)};
  kv::Service service{memtable};
  std::string input, answers;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(read_bytes, bytes.size()))) {
    input += bytes.substr(0, read_bytes);
    std::string_view left{input};
    while (true) {
      const auto frame = kv::next_frame(left, frame_bytes_max);
      if (!frame) return answers + frame.error().message;
      if (!*frame) break;
      kv::prefetch_next(left, frame_bytes_max, service);
      const auto begin = answers.size();
      kv::encode(answer_to(**frame, service), frame_bytes_max, answers);
      if (answers.size() - begin > kv::frame_header_bytes + frame_bytes_max) std::abort();
    }
    input.erase(0, input.size() - left.size());
  }
  return answers;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  kv::log_protobuf_errors();
  spdlog::set_level(spdlog::level::off);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  if (answers_to(bytes, size) != answers_to(bytes, 3)) std::abort();
  return 0;
}
