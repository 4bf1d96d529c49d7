#pragma once

#include <iosfwd>

#include "disk/folder.hpp"

namespace kv {

/// Prints what a data folder holds and what a start would make of it; with `records`, each record
/// as well. Changes nothing. Throws FatalError after the printing, when a start would refuse.
void inspect_folder(const Folder& folder, bool records, std::ostream& out);

}  // namespace kv
