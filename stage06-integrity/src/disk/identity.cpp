#include "disk/identity.hpp"

#include <fmt/format.h>

#include <set>

#include "base/start_error.hpp"
#include "disk/manifest.hpp"
#include "disk/segment_file.hpp"
#include "disk/snapshot.hpp"

namespace kv {
namespace {

/// The stores that the headers of segments and snapshots name, newest file first.
std::vector<StoreId> stores_of_files(const Folder& folder, const DataFiles& files) {
  std::vector<StoreId> stores;
  for (auto segment = files.segments.rbegin(); segment != files.segments.rend(); ++segment) {
    if (const auto header = read_header_of(folder, segment->second))
      stores.push_back(header->store);
  }
  for (auto snapshot = files.snapshots.rbegin(); snapshot != files.snapshots.rend(); ++snapshot) {
    if (const auto header = read_snapshot_header(*open_or_throw(folder, snapshot->second)))
      stores.push_back(header->store);
  }
  return stores;
}

}  // namespace

std::unique_ptr<File> open_or_throw(const Folder& folder, const std::string& name) {
  auto file = folder.open(name);
  if (!file) throw StartError{Exit::cannot_start, file.error().message};
  return std::move(*file);
}

void refuse_unknown_version(const std::string& file, const Error& error) {
  if (error.status != Status::unknown_version) return;
  throw StartError{Exit::damaged, file + ": " + error.message + "; a later one may"};
}

StoreId identity_of_files(const Folder& folder, const DataFiles& files, const std::string& reason) {
  const auto stores = stores_of_files(folder, files);
  if (!stores.empty()) return stores.front();
  throw StartError{Exit::damaged, fmt::format("{}: {}, and no file tells which store this is; {}",
                                              manifest_name, reason, way_on)};
}

void refuse_manifest_of_another_store(const Folder& folder, const DataFiles& files,
                                      const StoreId& store) {
  const auto stores = stores_of_files(folder, files);
  const std::set<StoreId> different{stores.begin(), stores.end()};
  if (different.size() != 1 || different.contains(store)) return;
  throw StartError{Exit::damaged,
                   fmt::format("{} is of another store than all other files here; put theirs in "
                               "its place, or move it away and start with --recover=truncate",
                               manifest_name)};
}

}  // namespace kv
