// Does the same damage to stage 7 and to its peers, and prints a table of what they make of it.
//
//   kv-peers [--seed N] [--step N] [--bits N] [--faults] [PEER]...
//
// Of the peers named, or all. --step: damages only every n-th byte of those whose start takes long,
// Redis and RocksDB. --bits: flips so many bits of every byte, in turn. --faults: only what happens
// to running servers. With TMPDIR on a file system in memory it is several times quicker.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "child.hpp"
#include "damage.hpp"
#include "faults.hpp"
#include "network.hpp"

namespace kv::peers {
namespace {

struct Arguments {
  std::uint32_t seed = 1;
  std::size_t step = 1;
  unsigned bits = 1;
  bool faults = false;
  std::vector<std::string> peers;
};

Arguments read_arguments(const std::vector<std::string>& words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto number = [&] { return std::stoul(words.at(++i)); };
    if (words[i] == "--seed")
      arguments.seed = static_cast<std::uint32_t>(number());
    else if (words[i] == "--step")
      arguments.step = number();
    else if (words[i] == "--bits")
      arguments.bits = static_cast<unsigned>(number());
    else if (words[i] == "--faults")
      arguments.faults = true;
    else
      arguments.peers.push_back(words[i]);
  }
  return arguments;
}

std::vector<std::unique_ptr<Peer>> all_peers(std::size_t step) {
  std::vector<std::unique_ptr<Peer>> peers;
  peers.push_back(stage_5());
  peers.push_back(redis(step));
  peers.push_back(level_db(false));
  peers.push_back(level_db(true));
  for (auto& rocks : rocks_dbs(step)) peers.push_back(std::move(rocks));
  return peers;
}

const Peer& peer_named(const std::vector<std::unique_ptr<Peer>>& peers, const std::string& name) {
  for (const auto& peer : peers) {
    if (peer->name() == name) return *peer;
  }
  throw std::runtime_error{"no such peer: " + name};
}

struct Column {
  const Peer& peer;
  Damage damage;
  Serve serve;  // nullptr: it is no server
  Keep keep;    // the same
};

struct Row {
  std::string title;
  std::function<std::string(Column&)> cell;
};

std::vector<Row> fault_rows() {
  const auto kept = [](std::string (*test)(Keep, const std::string&), const char* policy) {
    return [=](Column& column) { return column.keep ? test(column.keep, policy) : std::string{}; };
  };
  return {
      {"10 kills under 8 writers, `always`", kept(kills, "always")},
      {"one sync fails, `always`", kept(failed_sync, "always")},
      {"one sync fails, `everysec`", kept(failed_sync, "everysec")},
      {"a full disk, then room, `always`", kept(full_disk, "always")},
      {"a full disk, then room, `everysec`", kept(full_disk, "everysec")},
  };
}

std::vector<Row> damage_rows(unsigned bits) {
  const auto served = [](std::string (*test)(Serve)) {
    return [test](Column& column) { return column.serve ? test(column.serve) : std::string{}; };
  };
  return {
      {"bytes of log", [](Column& c) { return std::to_string(c.damage.log_bytes()); }},
      {"tried at every n-th byte", [](Column& c) { return std::to_string(c.peer.step()); }},
      {"log cut at a byte", [](Column& c) { return c.damage.cut().text(); }},
      {"zeros from a byte on", [](Column& c) { return c.damage.zeros().text(); }},
      {"the same, at sectors only", [](Column& c) { return c.damage.zeros_at_sectors().text(); }},
      {"bits flipped, " + std::to_string(bits) + " of every byte",
       [bits](Column& c) { return c.damage.flips(bits).text(); }},
      {"a middle record missing",
       [](Column& c) { return c.damage.missing_records().taken_text(); }},
      {"zeros after the log", [](Column& c) { return c.damage.zero_tails().text(); }},
      {"a file missing", [](Column& c) { return c.damage.missing_files().text(); }},
      {"a file of zero bytes", [](Column& c) { return c.damage.empty_files().text(); }},
      {"bits flipped in the other files",
       [](Column& c) { return c.damage.flips_elsewhere().text(); }},
      {"a second process",
       [](Column& c) { return c.damage.refuses_second_process() ? "refused" : "**starts**"; }},
      {"huge lengths, 2 GiB of address space", served(huge_lengths)},
      {"a reader that never reads 600 x 1 MB", served(reader_that_never_reads)},
      {"half-close after 1,000 x 100 B", served(half_close_of_small)},
      {"half-close after 1,000 x 10 kB", served(half_close_of_large)},
  };
}

void print_table(const Arguments& arguments) {
  const auto peers = all_peers(arguments.step);
  std::vector<std::unique_ptr<Column>> columns;
  for (const auto& peer : peers) {
    const auto& names = arguments.peers;
    if (!names.empty() && std::find(names.begin(), names.end(), peer->name()) == names.end())
      continue;
    const bool is_stage_7 = peer->name() == "stage 7", is_redis = peer->name() == "Redis";
    columns.emplace_back(new Column{*peer,
                                    {*peer, arguments.seed},
                                    is_stage_7 ? serve_stage_5
                                    : is_redis ? serve_redis
                                               : nullptr,
                                    is_stage_7 ? keep_stage_5
                                    : is_redis ? keep_redis
                                               : nullptr});
  }
  std::cout << "seed " << arguments.seed << "\n\n| test |";
  for (const auto& column : columns) std::cout << ' ' << column->peer.name() << " |";
  std::cout << "\n|---|";
  for (std::size_t i = 0; i < columns.size(); ++i) std::cout << "---|";
  std::cout << std::endl;
  auto rows = arguments.faults ? std::vector<Row>{} : damage_rows(arguments.bits);
  for (auto& row : fault_rows()) rows.push_back(std::move(row));
  for (const auto& row : rows) {
    std::cout << "| " << row.title << " |" << std::flush;
    for (const auto& column : columns) std::cout << ' ' << row.cell(*column) << " |" << std::flush;
    std::cout << std::endl;
  }
}

int run(const std::vector<std::string>& words) {
  spdlog::set_level(spdlog::level::off);
  if (words.size() == 4 && words[2].find('/') != std::string::npos) {  // see child.hpp
    const auto peers = all_peers(1);
    return carry_out(words[0], peer_named(peers, words[1]), words[2],
                     static_cast<std::uint32_t>(std::stoul(words[3])));
  }
  print_table(read_arguments(words));
  return 0;
}

}  // namespace
}  // namespace kv::peers

int main(int argc, char** argv) {
  try {
    return kv::peers::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "kv-peers: " << error.what() << '\n';
    return 1;
  }
}
