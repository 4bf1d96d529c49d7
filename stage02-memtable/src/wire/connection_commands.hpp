#pragma once

#include <cstdint>
#include <string>

#include "wire/words.hpp"

namespace kv {

/// The commands that are about a connection and not about data: ECHO, QUIT, SELECT, CLIENT, HELLO,
/// COMMAND and INFO. Programs written for Redis send them before and after their work. Words and
/// replies are those of Redis 7.0 without a password (of CLIENT SETINFO, 7.2's), where they mean
/// something here: there is one database, one version of the protocol, and no list of commands.
/// One for each connection; any thread may have one.
class ConnectionCommands {
 public:
  enum class Answered { no, yes, and_close };

  /// Appends the reply to `out`, unless the command is none of these.
  Answered answer(const Words& words, std::string& out);

 private:
  void client(const Words& words, std::string& out);
  void hello(const Words& words, std::string& out);
  bool set_name(const std::string& name, std::string& out);  // false: refused, and said so

  static std::uint64_t next_id();

  const std::uint64_t id_ = next_id();
  std::string name_;
};

}  // namespace kv
