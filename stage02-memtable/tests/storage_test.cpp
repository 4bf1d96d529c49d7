#include "table/storage.hpp"

#include <gmock/gmock.h>

#include "table/copied_table.hpp"

namespace kv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Knows one table, and no other call: get_all is made of get_iter alone.
class OneTable : public Storage {
 public:
  explicit OneTable(std::vector<Entry> entries) : entries_{std::move(entries)} {}

  Result<std::optional<Value>> get(std::string_view, std::string_view) const override {
    return none();
  }
  Result<Values> get_many(std::string_view, const std::vector<std::string>&) const override {
    return none();
  }
  Result<bool> contains(std::string_view, std::string_view) const override { return none(); }
  Result<std::optional<Value>> set(std::string_view, const Entry&) override { return none(); }
  Result<Values> set_many(std::string_view, const std::vector<Entry>&) override { return none(); }
  Result<std::optional<Value>> del(std::string_view, std::string_view) override { return none(); }
  Result<Values> del_many(std::string_view, const std::vector<std::string>&) override {
    return none();
  }
  Result<std::unique_ptr<Iterator>> get_iter(std::string_view table) const override {
    if (table != "t") return Error{Status::too_large, table.data()};
    return std::unique_ptr<Iterator>{std::make_unique<CopiedTable>(entries_)};
  }
  Result<std::size_t> length(std::string_view) const override { return none(); }

 private:
  static Error none() { return {Status::storage_failed, "there is no such call here"}; }

  const std::vector<Entry> entries_;
};

TEST(CopiedTable, GivesItsEntriesInTurnAndThenNoMore) {
  CopiedTable table{{{"a", "1"}, {"b", "2"}}};
  EXPECT_EQ(table.next(), (Entry{"a", "1"}));
  EXPECT_EQ(table.next(), (Entry{"b", "2"}));
  EXPECT_EQ(table.next(), std::nullopt);
  EXPECT_EQ(table.next(), std::nullopt) << "the end stays the end";
}

TEST(Storage, AllOfATableIsWhatItsIteratorGives) {
  const OneTable storage{{{"a", "1"}, {"b", "2"}, {"c", "3"}}};
  EXPECT_THAT(*storage.get_all("t"),
              ElementsAre(Entry{"a", "1"}, Entry{"b", "2"}, Entry{"c", "3"}));
  EXPECT_THAT(*OneTable{{}}.get_all("t"), IsEmpty());
}

TEST(Storage, WithoutAnIteratorItsErrorIsTheAnswer) {
  const auto refused = OneTable{{}}.get_all("another");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, Status::too_large);
  EXPECT_EQ(refused.error().message, "another");
}

}  // namespace
}  // namespace kv
