#pragma once

#include <map>
#include <string>

#include "table/memtable.hpp"

namespace kv::test {

/// By table and key; a value as its kind and its bytes, those of a long one as their checksum: so
/// not-a-number equals itself, and a test that fails prints something to read.
using Contents = std::map<std::string, std::map<std::string, std::string>>;

std::string text_of(const Value& value);
Contents contents_of(const MemTable& memtable);

/// For AnswerLimit: no answer is too large.
AnswerLimit any_answer();

}  // namespace kv::test
