#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// A system that keeps keys and values in a folder, as the tests see it: stage 7 and its peers.

namespace kv::peers {

namespace fs = std::filesystem;

using Contents = std::map<std::string, std::string>;

struct Change {
  std::string key;
  std::optional<std::string> value;  ///< none: removed
};

/// Where the record of a change stands in the log.
struct Record {
  std::size_t begin, end;
};

/// The system will not give its data: it does not start, or an answer is an error.
class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A system that runs on a folder. The end of its life ends it, in whatever way is quickest.
class Running {
 public:
  virtual ~Running() = default;

  virtual Contents contents() = 0;               ///< throws Refused
  virtual void apply(const Change& change) = 0;  ///< it is on the disk when it returns
  virtual void compact() = 0;                    ///< puts what the log holds into other files
  virtual void die() = 0;                        ///< as by kill -9; may take this process along
};

class Peer {
 public:
  virtual ~Peer() = default;

  virtual std::string name() const = 0;
  virtual std::unique_ptr<Running> start(const fs::path& folder) const = 0;  ///< throws Refused

  virtual fs::path log(const fs::path& folder) const = 0;
  /// The records of the changes in a log that is whole. What is between two belongs to neither.
  virtual std::vector<Record> records(const std::string& log) const = 0;

  /// Damage is tried at every n-th byte only, where a start takes long.
  virtual std::size_t step() const { return 1; }
};

std::unique_ptr<Peer> stage_5();
std::unique_ptr<Peer> redis(std::size_t step);
std::unique_ptr<Peer> level_db(bool paranoid);
std::vector<std::unique_ptr<Peer>> rocks_dbs(std::size_t step);  ///< three recovery modes

/// The file below `folder` with the greatest name of those that end so.
fs::path last_file(const fs::path& folder, std::string_view ending);

std::string read_file(const fs::path& file);
void write_file(const fs::path& file, std::string_view bytes);

}  // namespace kv::peers
