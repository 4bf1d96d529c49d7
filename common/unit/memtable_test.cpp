#include "table/memtable.hpp"

#include "fixtures/typed_storage_contract.hpp"

namespace kv::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, StorageContract,
                         testing::Values(StorageFactory{"MemTable",
                                                        [](const AnswerLimit& limit) {
                                                          return std::make_unique<MemTable>(limit);
                                                        }}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace kv::test
