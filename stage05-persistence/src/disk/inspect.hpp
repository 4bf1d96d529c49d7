#pragma once

#include <iosfwd>

#include "disk/folder.hpp"

namespace kv {

/// Prints what a data folder holds; with `records`, each record of its logs as well. Changes
/// nothing. Throws FatalError after the printing, when a start would refuse.
void inspect_folder(const Folder& folder, bool records, std::ostream& out);

}  // namespace kv
