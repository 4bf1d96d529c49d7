#pragma once

#include <memory>
#include <string>

#include "disk/data_files.hpp"
#include "disk/folder.hpp"
#include "disk/log_format.hpp"

// Whose files these are: parts of read_folder (recovery.hpp) that look at headers alone.

namespace kv {

inline constexpr const char* way_on = "put the files of a copy in its place";

/// Throws StartError(cannot_start).
std::unique_ptr<File> open_or_throw(const Folder& folder, const std::string& name);

/// What a later version wrote is not ours to cut: throws StartError(damaged) when the error is
/// that.
void refuse_unknown_version(const std::string& file, const Error& error);

/// The manifest is lost, for this reason: segments and snapshots know whose they are, too. Throws
/// StartError(damaged) when none of them can tell.
StoreId identity_of_files(const Folder& folder, const DataFiles& files, const std::string& reason);

/// Throws StartError(damaged) when there are other files, and all of them are of one other store:
/// then it is the manifest that does not belong here.
void refuse_manifest_of_another_store(const Folder& folder, const DataFiles& files,
                                      const StoreId& store);

}  // namespace kv
