#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kv::bench {

enum class Protocol { frame, resp };
enum class Command { ping, hset, hget };

/// What the requests of one load have in common.
struct Shape {
  std::string table = "bench";
  std::size_t key_bytes = 16;  ///< at least key_bytes_min
  std::size_t value_bytes = 100;
};

inline constexpr std::size_t key_bytes_min = 10;  ///< digits that every std::uint32_t has room in

/// Values that are a function of their key, so that any run can check what another one wrote.
/// Printable characters only.
class Values {
 public:
  explicit Values(std::size_t bytes);
  void write(std::uint32_t key, char* to) const;
  bool is_value_of(std::uint32_t key, std::string_view value) const;

 private:
  std::size_t bytes_;
  std::string tape_;  // values are cut from it, at a place that the key picks
};

/// Makes requests by copying: the bytes of each command are there already, and only the digits of
/// the key and the value are filled in.
class Requests {
 public:
  Requests(Protocol protocol, const Shape& shape);

  void append(Command command, std::uint32_t key, std::string& out) const;

  /// Whether `value` is what append(Command::hset, key) sets.
  bool is_value_of(std::uint32_t key, std::string_view value) const {
    return values_.is_value_of(key, value);
  }

 private:
  struct Template {
    std::string bytes;
    std::size_t key_end = 0;  // the last digit of the key is before it; 0: no key
    std::size_t value_offset = 0;
    bool has_value = false;
  };

  const Template& of(Command command) const {
    return templates_[static_cast<std::size_t>(command)];
  }

  Values values_;
  std::array<Template, 3> templates_;
};

/// The key of a number: decimal digits, zeros before them.
std::string key_text(std::uint32_t key, std::size_t bytes);

}  // namespace kv::bench
