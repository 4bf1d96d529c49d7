#include "naive/owner_thread.hpp"

#include <new>

#include "fixtures/process.hpp"
#include "fixtures/storage_contract.hpp"

namespace kv::test {
namespace {

INSTANTIATE_TEST_SUITE_P(OwnerThread, StorageContract,
                         testing::Values(StorageFactory{"OwnerThread",
                                                        [](const AnswerLimit& limit) {
                                                          return std::make_unique<OwnerThread>(
                                                              limit);
                                                        }}),
                         testing::PrintToStringParamName());

TEST(OwnerThreadMemory, ThatRunsOutIsTheCallersException) {
  const AnswerLimit none{10, [](const auto&) -> std::size_t { throw std::bad_alloc{}; },
                         [](const auto&) -> std::size_t { throw std::bad_alloc{}; }};
  OwnerThread storage{none};
  EXPECT_TRUE(storage.set("t", {"k", "v"}));
  EXPECT_THROW((void)storage.get("t", "k"), std::bad_alloc);
  EXPECT_EQ(*storage.length("t"), 1u) << "the owner lives";
}

TEST(Measure, ShowsAllThreeStorages) {
  const auto ended = run({KV_NAIVE "/measure", "5"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  for (const char* name : {"one mutex ", "owner thread ", "64 shards "})
    EXPECT_THAT(ended.out, testing::ContainsRegex("\n" + std::string{name} + " +[1-9]"));
}

}  // namespace
}  // namespace kv::test
