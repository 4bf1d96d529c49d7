#include <fstream>
#include <iterator>

#include "peer.hpp"

namespace kv::peers {

fs::path last_file(const fs::path& folder, std::string_view ending) {
  fs::path last;
  for (const auto& entry : fs::recursive_directory_iterator{folder}) {
    if (!entry.is_regular_file() || !entry.path().string().ends_with(ending)) continue;
    if (last.empty() || last.filename() < entry.path().filename()) last = entry.path();
  }
  if (last.empty()) throw std::runtime_error{"no file ends in " + std::string{ending}};
  return last;
}

std::string read_file(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

void write_file(const fs::path& file, std::string_view bytes) {
  std::ofstream out{file, std::ios::binary | std::ios::trunc};
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) throw std::runtime_error{"cannot write " + file.string()};
}

}  // namespace kv::peers
