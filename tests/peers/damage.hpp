#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fixtures/temp_folder.hpp"
#include "peer.hpp"

namespace kv::peers {

/// What a start made of damaged files, how often.
struct Tally {
  std::size_t exact = 0;    ///< the data is what it must be
  std::size_t refused = 0;  ///< it did not start, or said that it cannot give the data
  std::size_t wrong = 0;    ///< it started, and the data is something else
  std::vector<std::string> wrong_ones = {};

  std::string text() const;
  std::string taken_text() const;  ///< where no start can be exact: taken or refused
};

/// The files of one system that was killed, and what it makes of them when they are damaged.
class Damage {
 public:
  /// Has the changes of this seed written by another process, which then dies.
  Damage(const Peer& peer, std::uint32_t seed);

  std::size_t log_bytes() const { return used_; }

  Tally cut();                 ///< the log ends at byte n
  Tally zeros();               ///< from byte n on the log has zeros
  Tally zeros_at_sectors();    ///< n is a multiple of 512: what a disk can leave behind
  Tally flips(unsigned bits);  ///< this many bits, in turn, of every byte
  Tally missing_records();     ///< each one but the first and the last
  Tally zero_tails();          ///< 1, 512, 4,096 and 65,536 zeros after the last byte
  Tally missing_files();       ///< each file in turn; half of the data is compacted
  Tally empty_files();
  Tally flips_elsewhere();  ///< one bit of every 8th byte of the other files
  bool refuses_second_process();

 private:
  using FileDamage = std::function<void(const fs::path&)>;

  int run_child(const char* task, const fs::path& folder) const;
  void write(const fs::path& folder, const char* task) const;
  void start(const fs::path& master, const FileDamage& damage, const Contents& expected,
             const std::string& what, Tally& tally);
  void start_with_log(const std::string& bytes, std::size_t changes, const std::string& what,
                      Tally& tally);
  void zeros_from(std::size_t at, Tally& tally);
  std::vector<fs::path> compacted_files();
  Tally each_file(const FileDamage& damage);
  std::size_t whole_records(const std::string& bytes) const;

  const Peer& peer_;
  const std::uint32_t seed_;
  const std::vector<Change> changes_;
  std::vector<Contents> states_;  // after so many changes
  test::TempFolder temporary_;
  fs::path master_ = temporary_.path() / "master";
  fs::path scratch_ = temporary_.path() / "scratch";
  fs::path compacted_ = temporary_.path() / "compacted";
  fs::path log_;          // below the folder
  std::string whole_;     // the log's bytes
  std::size_t used_ = 0;  // so many of them, before zeros that were written ahead
  std::vector<Record> records_;
};

}  // namespace kv::peers
