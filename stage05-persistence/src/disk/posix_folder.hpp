#pragma once

#include <memory>
#include <string>

#include "disk/folder.hpp"

namespace kv {

/// The data folder on a real disk, locked for as long as it lives: no second process gets it. With
/// `make` it is created if need be, for its owner only. Throws FatalError(cannot_start): in use, or
/// no access.
std::unique_ptr<Folder> open_posix_folder(const std::string& path, bool make);

}  // namespace kv
