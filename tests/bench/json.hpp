#pragma once

#include <string>
#include <string_view>

namespace kv::bench {

/// Writes JSON, indented, value after value. Inside an object each value has its key before it;
/// who opens closes again.
class Json {
 public:
  Json& open(char bracket);  ///< { or [
  Json& close(char bracket);
  Json& key(std::string_view key);
  Json& value(std::string_view text);
  Json& value(const char* text) { return value(std::string_view{text}); }
  Json& value(double number);  ///< no number (NaN, infinity) becomes null
  Json& value(bool truth);

  template <class T>
  Json& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }

  const std::string& text() const { return text_; }  ///< whole once all is closed

 private:
  void begin_item();
  void new_line();

  std::string text_;
  std::size_t depth_ = 0;
  bool first_ = true;  // in what is open
  bool after_key_ = false;
};

}  // namespace kv::bench
