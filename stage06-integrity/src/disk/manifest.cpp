#include "disk/manifest.hpp"

#include <fmt/format.h>

#include <cstddef>

#include "disk/bytes.hpp"
#include "disk/checksum.hpp"
#include "disk/data_files.hpp"
#include "disk/temporary_file.hpp"

namespace kv {
namespace {

std::uint64_t checksum_of(const Manifest& manifest) {
  return checksum(bytes_of(manifest).substr(0, offsetof(Manifest, checksum)), 0);
}

}  // namespace

Result<void> write_manifest(Folder& folder, Manifest manifest) {
  manifest.checksum = checksum_of(manifest);
  return replace_whole(folder, manifest_name,
                       [&manifest](File& file) { return file.write_at(0, bytes_of(manifest)); });
}

Result<Manifest> read_manifest(const Folder& folder) {
  const auto file = folder.open(manifest_name);
  if (!file) return file.error();
  const auto bytes = (*file)->read_at(0, sizeof(Manifest) + 1);
  if (!bytes) return bytes.error();
  if (bytes->size() != sizeof(Manifest)) {
    return Error{Status::storage_failed, fmt::format("{}: {} bytes in place of {}", manifest_name,
                                                     bytes->size(), sizeof(Manifest))};
  }
  const auto manifest = load<Manifest>(*bytes);
  if (manifest.magic != Manifest{}.magic || manifest.checksum != checksum_of(manifest)) {
    return Error{Status::storage_failed, "no whole manifest"};
  }
  if (manifest.version != format_version) return unknown_version(manifest.version);
  return manifest;
}

}  // namespace kv
