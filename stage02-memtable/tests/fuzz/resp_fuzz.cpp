// Any bytes as the input of a connection: requests are found, decoded, executed and answered. In
// however many reads the bytes come, the answers are the same.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include "command/service.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"
#include "wire/connection_commands.hpp"
#include "wire/resp.hpp"

namespace {

std::string answers_to(std::string_view bytes, std::size_t read_bytes) {
  kv::MemTable memtable{kv::answer_limit()};
  kv::Service service{memtable};
  kv::RespReader reader;
  kv::ConnectionCommands connection_commands;
  std::string input, answers;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(read_bytes, bytes.size()))) {
    input += bytes.substr(0, read_bytes);
    std::string_view left{input};
    while (true) {
      auto words = reader.next(left);
      if (!words) return answers + words.error().message;
      if (!*words) break;
      if ((*words)->empty()) continue;  // an empty line
      std::string other;                // not compared: each connection has another id
      if (connection_commands.answer(**words, other) != kv::ConnectionCommands::Answered::no)
        continue;
      auto call = kv::decode(std::move(**words));
      if (call) {
        kv::encode(service.execute(call->request), call->shape, answers);
      } else {
        kv::resp::append_error(answers, call.error().message);
      }
    }
    input.erase(0, input.size() - left.size());
  }
  return answers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  if (answers_to(bytes, size) != answers_to(bytes, 3)) std::abort();
  return 0;
}
