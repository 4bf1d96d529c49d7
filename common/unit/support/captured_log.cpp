#include "captured_log.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

namespace kv::test {

CapturedLog::CapturedLog() : before_{spdlog::default_logger()} {
  const auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(out_);
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("captured", sink));
}

CapturedLog::~CapturedLog() {
  spdlog::set_default_logger(std::static_pointer_cast<spdlog::logger>(before_));
}

}  // namespace kv::test
