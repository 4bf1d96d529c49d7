// What is made of the figures: ratios, tables, documents, charts. No server runs here.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "figures.hpp"
#include "json.hpp"
#include "report.hpp"
#include "svg.hpp"

namespace kv::bench {
namespace {

using testing::HasSubstr;

TEST(BenchFigures, TheMedianIsTheMiddleOrTheMeanOfTheMiddleTwo) {
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({9, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  EXPECT_THROW((void)median({}), std::invalid_argument);
}

struct BenchRatio : testing::Test {
  Figures figures;

  void add(const std::string& server, const std::vector<double>& rounds) {
    for (const double value : rounds) figures.add("s", "p", "m", server, value);
  }
  std::optional<Ratio> ratio() {
    return figures.ratio(*figures.find("s", "p", "m", "stage"), "redis");
  }
};

TEST_F(BenchRatio, IsTheMedianOfTheRoundsAndNotTheRatioOfTheMedians) {
  // The second round was disturbed, for both alike.
  add("redis", {10, 100, 12});
  add("stage", {5, 50, 12});
  EXPECT_EQ(ratio()->median, 0.5);
  EXPECT_EQ(ratio()->least, 0.5);
  EXPECT_EQ(ratio()->most, 1);
}

TEST_F(BenchRatio, LooksAtRoundsThatBothHave) {
  add("redis", {10, 10});
  add("stage", {20, 30, 1000});
  EXPECT_EQ(ratio()->median, 2.5);
}

TEST_F(BenchRatio, IsNoneWithoutABaseline) {
  add("stage", {1});
  EXPECT_FALSE(ratio());
  add("redis", {0});
  EXPECT_FALSE(ratio());
}

TEST(BenchJson, IsIndentedAndEscaped) {
  Json json;
  json.open('{').field("a \"quoted\"", "line\nback\\slash").field("n", 1.5).field("t", true);
  json.key("list").open('[').value(1.0).value(NAN).close(']');
  json.key("empty").open('{').close('}').close('}');
  EXPECT_EQ(json.text(), R"({
  "a \"quoted\"": "line\u000aback\\slash",
  "n": 1.5,
  "t": true,
  "list": [
    1,
    null
  ],
  "empty": {}
})");
}

// ---- what is measured ----

TEST(BenchRounds, EverySecondOneGoesTheOtherWayRound) {
  const std::vector<int> all{1, 2, 3};
  EXPECT_THAT(for_round(0, all), testing::ElementsAre(1, 2, 3));
  EXPECT_THAT(for_round(1, all), testing::ElementsAre(3, 2, 1));
  EXPECT_THAT(for_round(2, all), testing::ElementsAre(1, 2, 3));
}

// ---- the document ----

TEST(BenchDocument, ASectionIsReplacedAndTheRestStays) {
  const std::string before =
      "# Prose\n<!-- figures begin: cpu -->\nold\n<!-- figures end: cpu -->\nmore prose\n";
  EXPECT_EQ(with_section(before, "cpu", "new\n"),
            "# Prose\n<!-- figures begin: cpu -->\nnew\n<!-- figures end: cpu -->\nmore prose\n");
}

TEST(BenchDocument, AMissingSectionIsAdded) {
  EXPECT_EQ(with_section("# Prose\n", "idle", "new\n"),
            "# Prose\n\n<!-- figures begin: idle -->\nnew\n<!-- figures end: idle -->\n");
}

TEST(BenchDocument, AnotherSectionIsLeftAlone) {
  const std::string cpu = "<!-- figures begin: cpu -->\nold\n<!-- figures end: cpu -->\n";
  EXPECT_THAT(with_section(cpu, "idle", "new\n"), testing::StartsWith(cpu));
}

TEST(BenchDocument, ASectionWithoutAnEndIsNotGuessedAt) {
  EXPECT_THROW((void)with_section("<!-- figures begin: cpu -->\nprose\n", "cpu", "new\n"),
               std::runtime_error);
}

TEST(BenchDocument, ATableHasMediansAndRatios) {
  Bench bench{.settings = {.rounds = 3}, .cores = {0, 1}};
  for (const double noise : {1.0, 2.0, 3.0}) {
    bench.figures.add("cpu", "HSET", "cpu_us", "redis again", 4 * noise);
    bench.figures.add("cpu", "HSET", "cpu_us", "stage 3", 2 * noise);
    bench.figures.add("cpu", "HSET", "cpu_us", "redis", 4 * noise);
    bench.figures.add("cpu", "HGET", "cpu_us", "redis", 1234 * noise);
  }
  const Scenario scenario{"cpu", "Title", "How.", nullptr};
  EXPECT_EQ(as_markdown(bench, scenario), R"(How.
Rounds: 3.

Server CPU for a request, microseconds:

| | redis | stage 3 | redis again |
|---|---:|---:|---:|
| HSET | 8 | 4 (0.50) | 8 (1.00) |
| HGET | 2,468 |  |  |
)");
  EXPECT_EQ(as_markdown(bench, {"idle", "Title", "How.", nullptr}), "");
}

TEST(BenchDocument, ATableHasTheBarsThatThereAre) {
  Bench bench{.settings = {.rounds = 1}, .cores = {0, 1}};
  for (const char* const server : {"redis", "stage 7"}) {
    bench.figures.add("start", "from a snapshot", "seconds", server, 2);
    bench.figures.add("start", "from nothing", "seconds", server, 2);
    bench.figures.add("start", "from a snapshot", "peak_of_resident", server, 2);
  }
  EXPECT_EQ(as_markdown(bench, {"start", "Title", "How.", nullptr}), R"(How.
Rounds: 1.

From start to first answer, seconds:

| | redis | stage 7 | bar for stage 7 |
|---|---:|---:|---:|
| from a snapshot | 2 | 2 (1.00) | 0.5 of Redis |
| from nothing | 2 | 2 (1.00) |  |

Most resident memory until the first answer, to that after it:

| | redis | stage 7 | bar for stage 7 |
|---|---:|---:|---:|
| from a snapshot | 2 | 2 | 1.1 |
)");
}

TEST(BenchDocument, ASectionSaysWhatItIsTheMedianOf) {
  Bench bench{.settings = {.rounds = 2}, .cores = {0, 1}};
  for (const double value : {1.0, 2.0, 3.0, 4.0, 5.0, 6.0})
    bench.figures.add("cpu", "HSET", "p999_us", "redis", value);
  for (const double value : {1.0, 2.0}) bench.figures.add("idle", "p", "threads", "redis", value);
  EXPECT_THAT(as_markdown(bench, {"cpu", "Title", "How.", nullptr}),
              HasSubstr("How.\nRounds: 2, turns in each: 3.\n\n99.9 % of answers within, micro"));
  EXPECT_THAT(as_markdown(bench, {"idle", "Title", "How.", nullptr}), HasSubstr("Rounds: 2.\n"));
}

TEST(BenchDocument, ASectionSaysHowManyKeysThereWere) {
  Bench bench{.settings = {}, .cores = {0, 1}};
  bench.figures.add("memory", "p", "bytes_per_key", "redis", 1);
  const Scenario scenario{"memory", "Title", "With {keys} keys.", nullptr};
  EXPECT_THAT(as_markdown(bench, scenario), HasSubstr("With 1,000,000 keys."));
  bench.settings.quick = true;
  EXPECT_THAT(as_markdown(bench, scenario), HasSubstr("With 200,000 keys."));
}

// Sections may be of other runs, with other rounds.
TEST(BenchDocument, TheHeadSaysNothingOfRounds) {
  Bench bench{.settings = {.rounds = 77, .turns = 88}, .cores = {0, 1}};
  EXPECT_THAT(introduction(bench, {}), testing::Not(testing::ContainsRegex("77|88")));
}

TEST(BenchDocument, JsonHasEveryTurn) {
  Bench bench{.settings = {.rounds = 1, .turns = 2}, .cores = {0, 1}};
  for (const double value : {3.0, 4.0}) bench.figures.add("cpu", "p", "m", "redis", value);
  const auto json = as_json(bench, {});
  EXPECT_THAT(json, HasSubstr("\"rounds\": 1,\n  \"turns\": 2,"));
  EXPECT_THAT(json, HasSubstr("\"values\": [\n        3,\n        4\n"));
}

TEST(BenchDocument, OtherProgramsAreNotPassedOverInSilence) {
  Bench bench{.settings = {.rounds = 5}, .cores = {0, 1}};
  bench.others_share = 0.04;
  EXPECT_THAT(introduction(bench, {}), HasSubstr("Other programs used 4 % of the two cores"));
  EXPECT_THAT(introduction(bench, {}), testing::Not(HasSubstr("too much")));
  bench.others_share = 0.4;
  EXPECT_THAT(introduction(bench, {}), HasSubstr("meanwhile: too much for figures"));
}

// ---- charts ----

/// Elements are closed in the order in which they were opened, quotes end, and no < or & is left in
/// a text. That is all of XML that our charts use.
testing::AssertionResult well_formed(const std::string& svg) {
  std::vector<std::string> open;
  const auto wrong = [&](std::size_t at) {
    return testing::AssertionFailure() << "at " << at << ": " << svg.substr(at, 60);
  };
  for (std::size_t at = 0; at < svg.size();) {
    if (svg[at] == '&') {
      const std::string entity = svg.substr(at, svg.find(';', at) - at + 1);
      if (entity != "&amp;" && entity != "&lt;" && entity != "&gt;" && entity != "&quot;")
        return wrong(at);
    }
    if (svg[at] != '<') {
      ++at;
      continue;
    }
    const std::size_t end = svg.find('>', at);
    const std::string tag = svg.substr(at + 1, end - at - 1);
    if (end == std::string::npos || tag.find('<') != std::string::npos) return wrong(at);
    if (std::ranges::count(tag, '"') % 2 != 0) return wrong(at);
    const std::string name = tag.substr(0, tag.find_first_of(" \n"));
    if (name.starts_with('/')) {
      if (open.empty() || "/" + open.back() != name) return wrong(at);
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.push_back(name);
    }
    at = end + 1;
  }
  if (!open.empty()) return testing::AssertionFailure() << "<" << open.back() << "> has no end";
  if (svg.find("nan") != std::string::npos || svg.find("inf") != std::string::npos)
    return testing::AssertionFailure() << "no number:\n" << svg;
  return testing::AssertionSuccess();
}

TEST(BenchSvg, TheCheckCanFail) {
  EXPECT_TRUE(well_formed("<svg a=\"1\"><g><path/></g></svg>"));
  EXPECT_FALSE(well_formed("<svg><g></svg></g>"));
  EXPECT_FALSE(well_formed("<svg><g></g>"));
  EXPECT_FALSE(well_formed("<svg a=\"1></svg>"));
  EXPECT_FALSE(well_formed("<svg>a & b</svg>"));
}

TEST(BenchSvg, BarsAreAsLongAsTheirValues) {
  const auto svg = bar_chart("A & <b>", {{"group", {{"one", 10, 0}, {"two", 5, 1}}}});
  EXPECT_TRUE(well_formed(svg));
  EXPECT_THAT(svg, HasSubstr("A &amp; &lt;b&gt;"));
  EXPECT_THAT(svg, HasSubstr("width=\"480.0\""));
  EXPECT_THAT(svg, HasSubstr("width=\"240.0\""));
}

TEST(BenchSvg, NothingToShowIsStillAChart) {
  EXPECT_TRUE(well_formed(bar_chart("none", {})));
  EXPECT_TRUE(well_formed(bar_chart("zero", {{"group", {{"one", 0, 0}}}})));
  EXPECT_TRUE(well_formed(line_chart("none", {"x"}, {"y"}, {})));
  EXPECT_TRUE(well_formed(line_chart("zero", {"x"}, {"y", true}, {{"a", {{0, 0}}}})));
  EXPECT_TRUE(well_formed(line_chart("one", {"x", true}, {"y", true}, {{"a", {{1, 1}}}})));
}

TEST(BenchSvg, LinesReachFromTheirFirstToTheirLastPoint) {
  const auto svg = line_chart("t", {"x"}, {"y"}, {{"a", {{0, 0}, {10, 100}}, 0, {{5, 10}}}});
  EXPECT_TRUE(well_formed(svg));
  EXPECT_THAT(svg, HasSubstr("d=\"M84.0 340.0L696.0 92.0\""));
  EXPECT_THAT(svg, HasSubstr("<rect x=\"390.0\" y=\"92.0\" width=\"306.0\""));
}

TEST(BenchSvg, ALogarithmicAxisGivesEachPowerOfTenTheSameRoom) {
  const auto svg = line_chart("t", {"x"}, {"y", true}, {{"a", {{0, 1}, {5, 10}, {10, 100}}}});
  EXPECT_TRUE(well_formed(svg));
  EXPECT_THAT(svg, HasSubstr("d=\"M84.0 340.0L390.0 216.0L696.0 92.0\""));
}

TEST(BenchSvg, NumbersAreReadable) {
  EXPECT_EQ(readable(0), "0");
  EXPECT_EQ(readable(0.03124), "0.0312");
  EXPECT_EQ(readable(1.5), "1.5");
  EXPECT_EQ(readable(12.34), "12.3");
  EXPECT_EQ(readable(123.4), "123");
  EXPECT_EQ(readable(1234.5), "1,234");
  EXPECT_EQ(readable(1'234'567), "1,234,567");
  EXPECT_EQ(readable(-1234), "-1,234");
}

}  // namespace
}  // namespace kv::bench
