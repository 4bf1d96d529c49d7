#pragma once

#include <filesystem>
#include <string>

#include "scenarios.hpp"

namespace kv::bench {

/// What the figures were measured on; for the head of the report.
struct Machine {
  std::string processor;
  std::string kernel;
  std::string file_system;  ///< of the folder with the servers' data
  std::string redis;        ///< its version
  std::string date;
};

Machine describe_machine(const Settings& settings);

/// Everything, with the value of each turn.
std::string as_json(const Bench& bench, const Machine& machine);

/// One scenario as Markdown: what was measured and how often, and a table for each metric, with the
/// ratio to Redis in brackets. Empty when there are no figures.
std::string as_markdown(const Bench& bench, const Scenario& scenario);

/// When, on which machine, and what else ran there.
std::string measured(const Bench& bench, const Machine& machine);

/// That, and how to read the tables.
std::string introduction(const Bench& bench, const Machine& machine);

/// Puts `text` between the lines that begin and end the section of this name, and leaves the rest
/// as it is; a section that is not there is added at the end.
///
///     <!-- figures begin: cpu -->
///     ...
///     <!-- figures end: cpu -->
std::string with_section(const std::string& document, const std::string& name,
                         const std::string& text);

/// Writes the charts of what was measured to this folder, NAME.svg each.
void write_charts(const Bench& bench, const std::filesystem::path& folder);

/// Markdown that shows the charts of a scenario; `folder` as seen from the document.
std::string chart_links(const std::string& scenario, const std::filesystem::path& folder);

/// Throws std::runtime_error.
void write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace kv::bench
