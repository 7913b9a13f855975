// SPDX-License-Identifier: Apache-2.0
// What a store may put, and what becomes of one that breaks the rules. Real records:
// tests/unit/modules/records_test.cpp.
#include "plugin/store.h"

#include <gtest/gtest.h>

#include "fixtures.h"
#include "scripted.h"

namespace authd::plugin {
namespace {

using test::CapturedLog;
using test::Scripted;

authd_stored_record record(std::string_view type, std::string_view id, std::string_view body = "body") {
  return {sizeof(authd_stored_record), 0, to_abi(type), to_bytes(id), to_bytes(body), 1, INT64_MAX, nullptr, 0};
}

class StoreTest : public testing::Test {
 protected:
  Store store() { return Store(plugin_.adopted(log_.get())); }
  test::Script& script() { return plugin_.script; }
  // Of a get of oauth/code "id".
  void expect_corrupt(const std::string& why) {
    const auto got = store().get(call_, "oauth/code", "id");
    ASSERT_FALSE(got) << why;
    EXPECT_EQ(got.error().status, CallStatus::corrupt);
    EXPECT_EQ(got.error().message, why);
  }

  CapturedLog log_;
  Scripted plugin_{AUTHD_STORE_V1};
  Call call_;
};

TEST_F(StoreTest, CopiesWhatIsPut) {
  script().read_records = [](auto, const authd_stored_sink* sink) {
    std::string body = "the body"; // gone before the caller looks
    const authd_stored_index index{to_abi("family"), to_bytes("f"), AUTHD_INDEX_UNIQUE};
    authd_stored_record r = record("oauth/code", "id", body);
    r.version = 7;
    r.index = &index;
    r.index_count = 1;
    return sink->put(sink, &r);
  };
  const auto got = store().get(call_, "oauth/code", "id");
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(*got, (Record{"oauth/code", "id", "the body", 7, INT64_MAX, {{"family", "f", true}}}));
}

TEST_F(StoreTest, SaysWhatIsWrongWithARecord) {
  authd_stored_record bad = record("oauth/code", "id");
  script().read_records = [&](auto, const authd_stored_sink* sink) {
    sink->put(sink, &bad);
    return AUTHD_OK; // whatever the sink said
  };
  ASSERT_TRUE(store().get(call_, "oauth/code", "id"));
  bad = record("", "id");
  expect_corrupt("put a record without a type");
  bad = record("oauth/code", std::string(65, 'i'));
  expect_corrupt("put a record of oauth/code without a whole id");
  bad = record("oauth/refresh", "id");
  expect_corrupt("put a record that is none of oauth/code");
  bad = record("oauth/code", "another");
  expect_corrupt("found a record, but did not put it");
  const std::string huge(AUTHD_STORED_MAX_BODY + 1, 'x');
  bad = record("oauth/code", "id", huge);
  expect_corrupt("put a record of oauth/code that is too long");
  bad = record("oauth/code", "id");
  bad.version = 0;
  expect_corrupt("put a record of oauth/code without a version");
  bad = record("oauth/code", "id");
  bad.index_count = 1; // and there is none
  expect_corrupt("put a record of oauth/code with more than 4 index values");
  bad = record("oauth/code", "id");
  bad.size = 8;
  expect_corrupt("put a record that is shorter than in ABI 1.3");
}

TEST_F(StoreTest, TakesNoMoreThanItAskedFor) {
  int count = 1;
  script().read_records = [&](auto, const authd_stored_sink* sink) {
    const auto one = record("oauth/code", "id");
    for (int i = 0; i < count; ++i) sink->put(sink, &one);
    return AUTHD_OK;
  };
  EXPECT_EQ(store().find(call_, "oauth/code", {}, false, "", 1)->size(), 1u);
  count = 2;
  EXPECT_EQ(store().find(call_, "oauth/code", {}, false, "", 1).error().message, "put more than 1 records");
  EXPECT_EQ(store().scan(call_, "", "", 1).error().status, CallStatus::corrupt);
  count = 0;
  expect_corrupt("found a record, but did not put it");
}

TEST_F(StoreTest, PassesChangesOnAndWhatTheyFound) {
  script().apply_changes = [](auto, const authd_stored_change* changes, std::size_t count, std::size_t*,
                              const authd_stored_sink* sink) {
    EXPECT_EQ(count, 3u);
    EXPECT_EQ(changes[0].op, static_cast<std::uint32_t>(AUTHD_CHANGE_TAKE));
    EXPECT_EQ(view(changes[0].record->id), "code");
    EXPECT_EQ(changes[1].flags, static_cast<std::uint32_t>(AUTHD_STORED_SAME_VERSION));
    EXPECT_EQ(changes[1].record->version, 9u);
    EXPECT_EQ(changes[2].record->index_count, 1u);
    EXPECT_EQ(view(changes[2].record->index[0].value), "f");
    EXPECT_EQ(changes[2].record->index[0].flags, static_cast<std::uint64_t>(AUTHD_INDEX_UNIQUE));
    const auto taken = record("t", "code");
    return sink->put(sink, &taken);
  };
  const std::vector<Change> changes{{Change::Op::take, {"t", "code", ""}},
                                    {Change::Op::put, {"t", "p", "", 9}, true},
                                    {Change::Op::insert, {"t", "i", "", 0, 5, {{"family", "f", true}}}}};
  const auto found = store().apply(call_, changes);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->size(), 1u);
}

TEST_F(StoreTest, SaysWhichChangeWasRefused) {
  std::size_t at = 1;
  script().apply_changes = [&](auto, auto, auto, std::size_t* failed, auto) {
    *failed = at;
    return AUTHD_CONFLICT;
  };
  const std::vector<Change> changes(2, {Change::Op::insert, {"t", "i", ""}});
  std::size_t failed = 0;
  const auto refused = store().apply(call_, changes, &failed);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, CallStatus::conflict);
  EXPECT_EQ(refused.error().message, "") << "an ordinary answer";
  EXPECT_EQ(failed, 1u);
  at = 99;
  EXPECT_FALSE(store().apply(call_, changes, &failed));
  EXPECT_EQ(failed, 2u) << "no position beyond the end";
}

TEST_F(StoreTest, AnAppliedTakeMustPutWhatItTook) {
  script().apply_changes = [](auto, auto, auto, auto, auto) { return AUTHD_OK; };
  const std::vector<Change> changes{{Change::Op::take, {"t", "code", ""}}};
  EXPECT_EQ(store().apply(call_, changes).error().message, "applied changes, but did not put what they found");
}

TEST_F(StoreTest, StopsWhatAPluginThrows) {
  script().read_records = [](auto, auto) -> authd_status { throw std::runtime_error("broken"); };
  EXPECT_EQ(store().get(call_, "t", "id").error().message, "threw broken");
}

TEST_F(StoreTest, CannotDoWhatIsOptionalAndMissing) {
  EXPECT_EQ(store().check(call_).error().status, CallStatus::unsupported);
  EXPECT_EQ(store().backup(call_, "/tmp/copy").error().status, CallStatus::unsupported);
  EXPECT_EQ(store().stats(call_).error().status, CallStatus::unsupported);
}

TEST_F(StoreTest, WithoutAnOperationIsNoStore) {
  plugin_.store.scan = nullptr;
  const auto refused = plugin_.try_adopt(log_.get());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().line.find("lacks scan"), std::string::npos) << refused.error().line;
}

} // namespace
} // namespace authd::plugin
