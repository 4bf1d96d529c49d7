// What wal_segments.cpp will do, in the simplest way: for the tests of the steps before that file.
// Each includes this once, and says itself what there is room for.

#pragma once

#include "disk/wal.hpp"

namespace kv {

Result<void> Wal::begin_first_segment() {
  auto file = create_next_segment(folder_, limits_.reserve_bytes);
  if (!file) return file.error();
  segment_.emplace(std::move(*file),
                   make_segment_header(store_, {last_lsn_, chain_, end_segment_}, 4711), limits_);
  return segment_->publish();
}

void Wal::reserve_ahead(std::unique_lock<std::mutex>&) {}
bool Wal::is_preparation_due() const { return false; }
void Wal::prepare(std::unique_lock<std::mutex>&) {}

Manifest Wal::manifest() const {
  return {.store = store_, .newest_segment = segment_->header().first_lsn};
}

}  // namespace kv
