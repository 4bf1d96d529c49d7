#pragma once

#include <memory>
#include <sstream>
#include <string>

namespace kv::test {

/// Collects what is logged while it lives, in place of printing it.
class CapturedLog {
 public:
  CapturedLog();
  ~CapturedLog();
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::string text() const { return out_.str(); }  ///< only while nobody logs

 private:
  std::ostringstream out_;
  std::shared_ptr<void> before_;
};

}  // namespace kv::test
