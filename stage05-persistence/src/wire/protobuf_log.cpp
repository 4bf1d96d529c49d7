#include <google/protobuf/stubs/common.h>
#include <spdlog/spdlog.h>

#include "wire/codec.hpp"

#if GOOGLE_PROTOBUF_VERSION < 4022000  // later ones log through Abseil
#include <google/protobuf/stubs/logging.h>
#endif

namespace kv {

void log_protobuf_errors() {
#if GOOGLE_PROTOBUF_VERSION < 4022000
  google::protobuf::SetLogHandler(
      [](google::protobuf::LogLevel, const char*, int, const std::string& text) {
        spdlog::debug("protobuf: {}", text);
      });
#endif
}

}  // namespace kv
