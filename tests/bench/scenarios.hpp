#pragma once

#include "bench.hpp"

namespace kv::bench {

/// One question, and what answers it.
struct Scenario {
  const char* name;  ///< for --only, and for the section of the document
  const char* title;
  const char* how;  ///< what is measured, in a sentence or two; {keys} becomes Bench::keys()
  void (*run)(Bench&);
};

void compare_cpu(Bench& bench);
void compare_durable(Bench& bench);
void compare_snapshot(Bench& bench);
void compare_segments(Bench& bench);
void compare_folder(Bench& bench);
void compare_memory(Bench& bench);
void compare_idle(Bench& bench);
void compare_start(Bench& bench);
void compare_growth(Bench& bench);

}  // namespace kv::bench
