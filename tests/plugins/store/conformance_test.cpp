// SPDX-License-Identifier: Apache-2.0
// What every store must do, whatever it is made of: random batches against a model of the rules, and what a model does
// not show: threads, limits, deadlines, restarts, two instances on one store.
#include <algorithm>
#include <atomic>
#include <latch>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "model.h"
#include "store_under_test.h"
#include "support/temp_dir.h"

namespace authd::test {
namespace {

constexpr std::int64_t kNever = INT64_MAX;

class StoreConformance : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(store_.open(), AUTHD_OK) << store_.why(); }

  static Change insert(std::string id, std::string body = {}, std::int64_t expires = kNever,
                       std::vector<Value> index = {}) {
    return {AUTHD_CHANGE_INSERT, {"t", std::move(id), std::move(body), 0, expires, std::move(index)}};
  }
  static Change take(std::string id) { return {AUTHD_CHANGE_TAKE, {"t", std::move(id)}}; }

  const TempDir folder_;
  TestClock clock_;
  StoreUnderTest store_{settings_of_store(folder_.path()), clock_};
};

// Few ids and values, so that changes meet each other.
class RandomBatches {
 public:
  RandomBatches(unsigned seed, const Model& model, const TestClock& clock)
      : random_(seed), model_(model), clock_(clock) {}

  unsigned below(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random_); }
  std::string type() { return below(2) == 0 ? "oauth/code" : "oauth/refresh"; }
  // Binary, with NULs, and one the beginning of another.
  std::string id() { return std::string(1 + below(3), '\0') + std::string(1, static_cast<char>(below(3) * 127)); }
  std::string value() { return std::string(1 + below(2), 'v') + std::string(below(2), '\xFF'); }

  Record record() {
    Record r{type(), id(), std::string(below(4) == 0 ? below(9000) : below(20), static_cast<char>(below(256)))};
    const unsigned expiry = below(4);
    r.expires_at_ms = expiry < 2 ? kNever : clock_.now_ms() + below(60) - 5;
    if (below(2) == 0) r.index.push_back({"family", value(), false});
    if (below(3) == 0) r.index.push_back({"login", value(), true});
    return r;
  }

  Change change() {
    Change c{1 + below(7), record()};
    const std::uint64_t stored = model_.version_of(c.record.type, c.record.id);
    if (c.op == AUTHD_CHANGE_UPDATE || c.op == AUTHD_CHANGE_EXPECT)
      c.record.version = below(4) == 0 ? below(4) : stored;
    if (c.op == AUTHD_CHANGE_REMOVE_BY) c.record.index = {{below(2) == 0 ? "family" : "login", value()}};
    if ((c.op == AUTHD_CHANGE_UPDATE || c.op == AUTHD_CHANGE_PUT) && below(5) == 0) {
      c.flags = AUTHD_STORED_SAME_VERSION;
      if (c.op == AUTHD_CHANGE_PUT) c.record.version = 1 + below(5);
    }
    return c;
  }

  std::vector<Change> batch() {
    std::vector<Change> changes(below(5) == 0 ? 1 + below(12) : 1 + below(3));
    for (Change& c : changes) c = change();
    return changes;
  }

  Search search() {
    Search s{type()};
    if (below(4) != 0) s.name = below(2) == 0 ? "family" : "login";
    s.value = value();
    s.prefix = !s.name.empty() && below(2) == 0;
    if (s.prefix && below(4) == 0) s.value.clear();
    if (below(3) == 0) s.after = id();
    if (below(3) == 0) s.limit = 1 + below(3);
    return s;
  }

 private:
  std::mt19937 random_;
  const Model& model_;
  const TestClock& clock_;
};

class StoreModel : public StoreConformance, public testing::WithParamInterface<unsigned> {};

TEST_P(StoreModel, DoesWhatTheRulesSay) {
  Model model;
  RandomBatches random(GetParam(), model, clock_);
  std::size_t applied = 0;
  for (int step = 0; step < 1500; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    if (random.below(3) == 0) clock_.advance(random.below(20));
    const std::vector<Change> changes = random.batch();
    const Outcome expected = model.apply(changes, clock_.now_ms());
    ASSERT_EQ(store_.apply(changes), expected);
    if (expected.status == AUTHD_OK) ++applied;
    const std::string type = random.type(), id = random.id();
    ASSERT_EQ(store_.get(type, id), model.get(type, id, clock_.now_ms()));
    const Search search = random.search();
    ASSERT_EQ(store_.find(search), model.find(search, clock_.now_ms()))
        << search.name << "=" << search.value << " prefix " << search.prefix << " limit " << search.limit;
    if (step % 20 == 0) {
      const std::uint32_t limit = 1 + random.below(8);
      ASSERT_EQ(store_.scan(type, id, limit), model.scan(type, id, limit, clock_.now_ms()));
    }
  }
  EXPECT_GT(applied, 300u) << "the batches were refused nearly always, so little was shown";
  const Outcome checked = store_.check();
  EXPECT_EQ(checked.status, AUTHD_OK) << checked.message;
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreModel, testing::Range(1u, 7u));

TEST_F(StoreConformance, ARecordComesBackWhole) {
  std::string every;
  for (int c = 0; c < 256; ++c) every.push_back(static_cast<char>(c));
  Record record{"oauth/code", every.substr(0, 64), std::string(AUTHD_RECORD_MAX_BODY, '\0'), 0, clock_.now_ms() + 1};
  record.body.replace(100, every.size(), every);
  record.index = {{"family", every, false}, {"user", "u", true}, {"a", "b", false}, {"c", "d", true}};
  ASSERT_EQ(store_.apply({{AUTHD_CHANGE_INSERT, record}}).status, AUTHD_OK);
  record.version = 1;
  EXPECT_EQ(store_.get("oauth/code", record.id), (Outcome{AUTHD_OK, 0, {record}}));
}

TEST_F(StoreConformance, SixtyFourChangesAreOneBatch) {
  std::vector<Change> changes;
  for (int i = 0; i < AUTHD_RECORD_MAX_CHANGES; ++i) changes.push_back(insert("r" + std::to_string(i)));
  ASSERT_EQ(store_.apply(changes).status, AUTHD_OK);
  EXPECT_EQ(store_.everything().size(), static_cast<std::size_t>(AUTHD_RECORD_MAX_CHANGES));
  changes.assign(1, insert("new"));
  changes.push_back(insert("r63"));
  const Outcome refused = store_.apply(changes);
  EXPECT_EQ(refused.status, AUTHD_CONFLICT);
  EXPECT_EQ(refused.failed, 1u);
  EXPECT_EQ(store_.get("t", "new").status, AUTHD_NOT_FOUND);
}

TEST_F(StoreConformance, OfAHundredConcurrentTakesOneSucceeds) {
  constexpr int kThreads = 100;
  for (int round = 0; round < 5; ++round) {
    ASSERT_EQ(store_.apply({insert("code", "body")}).status, AUTHD_OK);
    std::latch together(kThreads);
    std::atomic<int> taken{0}, missed{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        together.arrive_and_wait();
        const Outcome outcome = store_.apply({take("code")});
        if (outcome.status == AUTHD_OK && outcome.found.size() == 1 && outcome.found[0].body == "body") ++taken;
        if (outcome.status == AUTHD_NOT_FOUND) ++missed;
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(taken, 1);
    EXPECT_EQ(missed, kThreads - 1);
  }
}

TEST_F(StoreConformance, ConcurrentUpdatesLoseNone) {
  constexpr int kThreads = 8, kEach = 50;
  ASSERT_EQ(store_.apply({insert("count", "0")}).status, AUTHD_OK);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (int done = 0; done < kEach;) {
        Record record = store_.get("t", "count").found.at(0);
        record.body = std::to_string(std::stoi(record.body) + 1);
        if (store_.apply({{AUTHD_CHANGE_UPDATE, record}}).status == AUTHD_OK) ++done;
      }
    });
  for (std::thread& thread : threads) thread.join();
  const Record record = store_.get("t", "count").found.at(0);
  EXPECT_EQ(record.body, std::to_string(kThreads * kEach));
  EXPECT_EQ(record.version, 1u + kThreads * kEach);
}

// A transfer between two records: whoever reads both in one batch sees their sum.
TEST_F(StoreConformance, NobodySeesHalfABatch) {
  const auto put = [](const std::string& id, int n) { return Change{AUTHD_CHANGE_PUT, {"t", id, std::to_string(n)}}; };
  ASSERT_EQ(store_.apply({put("a", 100), put("b", 0)}).status, AUTHD_OK);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 200; ++i) store_.apply({put("a", 100 - i % 100), put("b", i % 100)});
    done = true;
  });
  int seen = 0;
  for (; !done; ++seen) {
    const Outcome both = store_.find({"t"});
    ASSERT_EQ(both.found.size(), 2u);
    EXPECT_EQ(std::stoi(both.found[0].body) + std::stoi(both.found[1].body), 100);
  }
  writer.join();
  EXPECT_GT(seen, 0);
}

TEST_F(StoreConformance, ARefusedBatchHurtsNoneThatIsWrittenBesideIt) {
  constexpr int kThreads = 16, kEach = 40;
  ASSERT_EQ(store_.apply({insert("taken")}).status, AUTHD_OK);
  std::atomic<int> good{0}, refused{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const std::string id = std::to_string(t) + "." + std::to_string(i);
        if (t % 2 == 0)
          good += store_.apply({insert(id)}).status == AUTHD_OK ? 1 : 0;
        else
          refused += store_.apply({insert(id), insert("taken")}).status == AUTHD_CONFLICT ? 1 : 0;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, kThreads / 2 * kEach);
  EXPECT_EQ(refused, kThreads / 2 * kEach);
  EXPECT_EQ(store_.everything().size(), 1u + kThreads / 2 * kEach);
}

TEST_F(StoreConformance, RemovesUpToTenThousandByOneValue) {
  const auto fill = [&](int from, int to) {
    for (int i = from; i < to; i += AUTHD_RECORD_MAX_CHANGES) {
      std::vector<Change> changes;
      for (int k = i; k < std::min(to, i + AUTHD_RECORD_MAX_CHANGES); ++k)
        changes.push_back(insert(std::to_string(k), "", kNever, {{"family", "f", false}}));
      ASSERT_EQ(store_.apply(changes).status, AUTHD_OK);
    }
  };
  const Change all{AUTHD_CHANGE_REMOVE_BY, {"t", "", "", 0, kNever, {{"family", "f", false}}}};
  fill(0, AUTHD_RECORD_MAX_REMOVED + 1);
  EXPECT_EQ(store_.apply({all}).status, AUTHD_INVALID);
  EXPECT_EQ(store_.find({"t", "family", "f"}).found.size(), 1000u);
  ASSERT_EQ(store_.apply({take("0")}).status, AUTHD_OK);
  EXPECT_EQ(store_.apply({all}).status, AUTHD_OK);
  EXPECT_EQ(store_.find({"t", "family", "f"}).found.size(), 0u);
}

TEST_F(StoreConformance, PagesThroughATypeById) {
  std::vector<Change> changes;
  for (int i = 10; i < 60; ++i) changes.push_back(insert(std::to_string(i)));
  ASSERT_EQ(store_.apply(changes).status, AUTHD_OK);
  std::vector<std::string> ids;
  for (Search search{"t", "", "", false, "", 7};;) {
    const Outcome page = store_.find(search);
    if (page.found.empty()) break;
    EXPECT_LE(page.found.size(), 7u);
    for (const Record& r : page.found) ids.push_back(r.id);
    search.after = ids.back();
  }
  EXPECT_EQ(ids.size(), 50u);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

TEST_F(StoreConformance, KnowsNoUnknownChange) {
  EXPECT_EQ(store_.apply({insert("a"), {99, {"t", "b"}}}).status, AUTHD_UNSUPPORTED);
  EXPECT_EQ(store_.get("t", "a").status, AUTHD_NOT_FOUND);
}

TEST_F(StoreConformance, WithNoTimeLeftNothingIsWritten) {
  const Outcome late = store_.apply({insert("late")}, 0);
  EXPECT_EQ(late.status, AUTHD_TIMEOUT);
  EXPECT_FALSE(late.message.empty());
  EXPECT_EQ(store_.get("t", "late").status, AUTHD_NOT_FOUND);
}

TEST_F(StoreConformance, GivesTheStatusOfASinkThatRefuses) {
  ASSERT_EQ(store_.apply({insert("a"), insert("b")}).status, AUTHD_OK);
  TestCall call;
  int puts = 0;
  const authd_stored_sink refuses{sizeof refuses, 0, &puts,
                                  [](const authd_stored_sink* s, const authd_stored_record*) noexcept {
                                    ++*static_cast<int*>(s->ctx);
                                    return static_cast<authd_status>(AUTHD_INVALID);
                                  }};
  const auto& ops = store_.ops();
  EXPECT_EQ(ops.get(store_.host().self(), call.abi(), str("t"), bytes("a"), &refuses), AUTHD_INVALID);
  EXPECT_EQ(ops.find(store_.host().self(), call.abi(), str("t"), nullptr, 0, bytes(""), 10, &refuses), AUTHD_INVALID);
  EXPECT_EQ(ops.scan(store_.host().self(), call.abi(), str(""), bytes(""), 10, &refuses), AUTHD_INVALID);
  EXPECT_EQ(puts, 3) << "it stops at the first";
  EXPECT_EQ(store_.get("t", "a").status, AUTHD_OK) << "and goes on working";
}

TEST_F(StoreConformance, WhatWasOkIsThereAfterARestart) {
  const Record kept{"t", "kept", "body", 0, clock_.now_ms() + 1000, {{"family", "f", true}}};
  ASSERT_EQ(store_.apply({{AUTHD_CHANGE_INSERT, kept}}).status, AUTHD_OK);
  store_.close();
  ASSERT_EQ(store_.open(), AUTHD_OK) << store_.why();
  Record there = kept;
  there.version = 1;
  EXPECT_EQ(store_.everything(), std::vector{there});
  clock_.advance(1000);
  EXPECT_EQ(store_.get("t", "kept").status, AUTHD_NOT_FOUND);
  EXPECT_EQ(store_.apply({insert("other", "", kNever, {{"family", "f", true}})}).status, AUTHD_OK)
      << "the unique value of an expired record is free";
}

TEST_F(StoreConformance, TwoInstancesShareOneStore) {
  StoreUnderTest other(settings_of_store(folder_.path()), clock_);
  ASSERT_EQ(other.open(), AUTHD_OK) << other.why();
  ASSERT_EQ(store_.apply({insert("session", "alive")}).status, AUTHD_OK);
  ASSERT_EQ(other.get("t", "session").status, AUTHD_OK);
  ASSERT_EQ(store_.apply({take("session")}).status, AUTHD_OK);
  EXPECT_EQ(other.get("t", "session").status, AUTHD_NOT_FOUND) << "a revocation is seen at once";
  constexpr int kEach = 100;
  std::atomic<int> written{0};
  const auto write = [&](StoreUnderTest& store, const std::string& name) {
    for (int i = 0; i < kEach; ++i)
      written += store.apply({insert(name + std::to_string(i))}).status == AUTHD_OK ? 1 : 0;
  };
  std::thread a(write, std::ref(store_), "a"), b(write, std::ref(other), "b");
  a.join();
  b.join();
  EXPECT_EQ(written, 2 * kEach);
  EXPECT_EQ(store_.everything().size(), 2u * kEach);
  EXPECT_EQ(other.everything(), store_.everything());
}

// At a steady load, records are inserted and expire; what has expired does not pile up.
TEST_F(StoreConformance, RemovesWhatHasExpiredAtTheRateThatItComes) {
  constexpr std::int64_t kLife = 500;
  int n = 0;
  const auto load = [&](int batches) {
    for (int i = 0; i < batches; ++i, clock_.advance(1))
      ASSERT_EQ(
          store_.apply({insert(std::to_string(n++), "", clock_.now_ms() + kLife, {{"family", "f", false}})}).status,
          AUTHD_OK);
  };
  load(2000);
  EXPECT_LE(store_.stats().expired, kLife / 5) << "more than a fifth of those that live";
  clock_.advance(2 * kLife);
  EXPECT_EQ(store_.find({"t"}).found.size(), 0u);
  for (int tries = 0; tries < 600 && store_.stats().expired > 0; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(store_.stats().expired, 0u) << "also while nobody writes";
}

TEST_F(StoreConformance, ABackupIsTheStoreAsItWasAtOneMoment) {
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; !done; ++i) {
      const std::string n = std::to_string(i);
      store_.apply({{AUTHD_CHANGE_PUT, {"t", "a", n}},
                    {AUTHD_CHANGE_PUT, {"t", "b", n}},
                    insert("filler" + n, std::string(2000, 'x'))});
    }
  });
  while (store_.stats().batches < 100) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const std::string file = folder_.path() / "copy";
  const Outcome made = store_.backup(file);
  EXPECT_EQ(store_.backup(file).status, AUTHD_CONFLICT) << "it never replaces a file";
  done = true;
  writer.join();
  ASSERT_EQ(made.status, AUTHD_OK) << made.message;
  EXPECT_TRUE(std::filesystem::exists(file));
}

} // namespace
} // namespace authd::test
