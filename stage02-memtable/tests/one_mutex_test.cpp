#include "naive/one_mutex.hpp"

#include "fixtures/storage_contract.hpp"

namespace kv::test {
namespace {

INSTANTIATE_TEST_SUITE_P(OneMutex, StorageContract,
                         testing::Values(StorageFactory{"OneMutex",
                                                        [](const AnswerLimit& limit) {
                                                          return std::make_unique<OneMutex>(limit);
                                                        }}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace kv::test
