// SPDX-License-Identifier: Apache-2.0
#include "modules/keys/rotation.h"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/memory_records.h"

namespace authd::modules::keys {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using test::MemoryRecords;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr milliseconds kDay = hours(24);

// What instances share: the store, and what time it is.
struct World {
  std::int64_t now_ms = 1'800'000'000'000;
  MemoryRecords records{[this] { return now_ms; }};
  int made = 0; // keys

  void pass(milliseconds time) { now_ms += time.count(); }

  std::vector<Key> keys() const {
    Call call;
    std::vector<Key> all;
    const auto found = records.find(call, kKeyType, {}, false, "", 1000);
    for (const Record& record : *found) all.push_back(read_key(record).value());
    return all;
  }
  std::vector<Key> in_state(State state) const {
    std::vector<Key> some = keys();
    std::erase_if(some, [&](const Key& key) { return key.state != state; });
    return some;
  }
};

// One authd, whose look at the store and whose writes are moments of their own.
class Instance {
 public:
  Instance(World& world, std::string name, Rotation rotation = {{"ES256"}})
      : world_(world), name_(std::move(name)), rotation_(std::move(rotation)) {}

  void look() {
    Call call;
    seen_ = {};
    const auto claims = world_.records.find(call, kClaimType, {}, false, "", 1000);
    for (const Record& record : *claims) seen_.claims.push_back(read_claim(record).value());
    seen_.keys = world_.keys();
  }
  std::vector<Step> due() const { return due_steps(seen_, rotation_, name_, world_.now_ms); }
  bool take(const Step& step) {
    Call call;
    const auto changes = step.makes_key() ? with_new_key(step, make(step.algorithm), world_.now_ms) : step.changes;
    return world_.records.apply(call, changes).has_value();
  }
  // Looks and writes until nothing is due.
  void settle() {
    for (int round = 0; round < 20; ++round) {
      look();
      const auto steps = due();
      if (steps.empty()) return;
      for (const Step& step : steps) take(step);
    }
    FAIL() << "there is always something to do";
  }
  Key make(const std::string& algorithm) {
    const std::string kid = "key-" + std::to_string(++world_.made);
    return {kid, algorithm, "signer-" + kid, "spki-of-" + kid};
  }
  const Stored& seen() const { return seen_; }
  const Rotation& rotation() const { return rotation_; }
  Rotation& rotation() { return rotation_; }

 private:
  World& world_;
  std::string name_;
  Rotation rotation_;
  Stored seen_;
};

std::string kinds_of(const std::vector<Step>& steps) {
  std::string all;
  for (const Step& step : steps) all.append(all.empty() ? "" : " ").append(name_of(step.kind));
  return all;
}

TEST(KeyRecord, ReadsWhatItWrites) {
  Key key{"kid", "RS256", "signer-1", std::string("\x30\x00\xff", 3), State::retained, 5, 3, true, 9};
  Record record = to_record(key, 77);
  EXPECT_EQ(record.expires_at_ms, 77);
  record.version = 10;
  const auto read = read_key(record);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kid, "kid");
  EXPECT_EQ(read->algorithm, "RS256");
  EXPECT_EQ(read->signer_id, "signer-1");
  EXPECT_EQ(read->public_key, key.public_key);
  EXPECT_EQ(read->state, State::retained);
  EXPECT_EQ(read->since_ms, 5);
  EXPECT_EQ(read->created_ms, 3);
  EXPECT_TRUE(read->emergency);
  EXPECT_EQ(read->version, 10u);
}

TEST(KeyRecord, DoesNotUnderstandWhatIsNotItsOwn) {
  const std::string good = to_record(Key{"kid", "ES256", "s", "p"}).body;
  std::string other_state = good, later = good;
  other_state.replace(other_state.find("\"next\""), 6, "\"past\"");
  later.replace(later.find("\"v\":1"), 5, "\"v\":2");
  for (const std::string& body : {std::string(), std::string("[]"), std::string("{}"), std::string("{\"v\":1}"),
                                  good.substr(1), other_state, later})
    EXPECT_FALSE(read_key({std::string(kKeyType), "kid", body})) << body;
  EXPECT_TRUE(read_key({std::string(kKeyType), "kid", good}));
}

TEST(Rotation, BeginsWithAnActiveKeyOfEachAlgorithm) {
  World world;
  Instance(world, "a", {{"ES256", "EdDSA"}}).settle();
  const auto active = world.in_state(State::active);
  ASSERT_EQ(active.size(), 2u);
  EXPECT_EQ(world.keys().size(), 2u);
  EXPECT_NE(active[0].algorithm, active[1].algorithm);
}

TEST(Rotation, GoesThroughTheStatesAtTheirTimes) {
  World world;
  Instance one(world, "a");
  const Rotation& rotation = one.rotation();
  const std::vector<std::pair<milliseconds, std::string>> times = {
      {milliseconds(0), "key-1 active"},
      {rotation.rotate_every - rotation.prepublish - milliseconds(1), "key-1 active"},
      {milliseconds(1), "key-1 active, key-2 next"},
      {rotation.prepublish - milliseconds(1), "key-1 active, key-2 next"},
      {milliseconds(1), "key-1 retained, key-2 active"},
      {rotation.retain - milliseconds(1), "key-1 retained, key-2 active"},
      {milliseconds(1), "key-1 gone, key-2 active"},
      {rotation.rotate_every - rotation.retain - rotation.prepublish, "key-1 gone, key-2 active, key-3 next"},
      {rotation.prepublish, "key-1 gone, key-2 retained, key-3 active"},
      {rotation.retain, "key-2 gone, key-3 active"}, // the record of the first has been there for 30 days
  };
  for (const auto& [time, expected] : times) {
    world.pass(time);
    one.settle();
    std::string states;
    for (const Key& key : world.keys())
      states.append(states.empty() ? "" : ", ").append(key.kid).append(" ").append(name_of(key.state));
    EXPECT_EQ(states, expected);
  }
}

// What is due at a moment, taken by two instances that have seen the same.
struct Race {
  const char* step; // what both want to do
  std::function<void(World&, Instance&, Instance&)> prepare;
};

// Both hold a claim: that of `a` ended without `a` knowing.
void claim_by_both(World& world, Instance& a, Instance& b) {
  a.look();
  a.take(a.due().front());
  a.look();
  world.pass(a.rotation().claim);
  b.look();
  b.take(b.due().front());
  b.look();
}

void age(World& world, Instance& a, milliseconds age) {
  a.settle();
  world.pass(age);
}

void look_both(Instance& a, Instance& b) {
  a.look();
  b.look();
}

const Race kRaces[] = {
    {"claim", [](World&, Instance& a, Instance& b) { look_both(a, b); }},
    {"begin", claim_by_both},
    {"publish",
     [](World& world, Instance& a, Instance& b) {
       age(world, a, a.rotation().rotate_every - a.rotation().prepublish);
       claim_by_both(world, a, b);
     }},
    {"activate",
     [](World& world, Instance& a, Instance& b) {
       age(world, a, a.rotation().rotate_every);
       a.settle();
       world.pass(a.rotation().prepublish);
       look_both(a, b);
     }},
    {"drop",
     [](World& world, Instance& a, Instance& b) {
       age(world, a, a.rotation().rotate_every);
       age(world, a, a.rotation().prepublish);
       age(world, a, a.rotation().retain);
       look_both(a, b);
     }},
    {"retire",
     [](World& world, Instance& a, Instance& b) {
       age(world, a, a.rotation().rotate_every);
       a.rotation().algorithms = b.rotation().algorithms = {};
       look_both(a, b);
     }},
    {"reset",
     [](World& world, Instance& a, Instance& b) {
       a.settle();
       world.pass(-kDay);
       look_both(a, b);
     }},
};

TEST(Rotation, ATakenStepIsTakenByOneOfTwoInstances) {
  std::set<std::string> raced;
  for (const Race& race : kRaces) {
    for (const bool second_first : {false, true}) {
      SCOPED_TRACE(std::string(race.step) + (second_first ? ", b first" : ", a first"));
      World world;
      Instance a(world, "a"), b(world, "b");
      race.prepare(world, a, b);
      const auto of_a = a.due(), of_b = b.due();
      ASSERT_EQ(kinds_of(of_a), race.step);
      ASSERT_EQ(kinds_of(of_b), race.step);
      const int conflicts = world.records.conflicts();
      EXPECT_TRUE(second_first ? b.take(of_b.front()) : a.take(of_a.front()));
      EXPECT_FALSE(second_first ? a.take(of_a.front()) : b.take(of_b.front()));
      EXPECT_EQ(world.records.conflicts(), conflicts + 1);
      world.pass(a.rotation().claim); // of the one that may have died with it
      a.settle();
      b.settle();
      EXPECT_EQ(world.in_state(State::active).size(), a.rotation().algorithms.size());
      EXPECT_LE(world.in_state(State::next).size(), 1u);
      raced.insert(race.step);
    }
  }
  for (const auto kind : {Step::Kind::claim, Step::Kind::begin, Step::Kind::publish, Step::Kind::activate,
                          Step::Kind::retire, Step::Kind::drop, Step::Kind::reset})
    EXPECT_TRUE(raced.contains(std::string(name_of(kind)))) << name_of(kind);
}

TEST(Rotation, AnInstanceThatDiedWhileItMadeAKeyIsReplacedWhenItsClaimEnds) {
  World world;
  Instance a(world, "a"), b(world, "b");
  a.look();
  ASSERT_TRUE(a.take(a.due().front())); // and is killed before it writes the key
  b.settle();
  EXPECT_THAT(world.keys(), IsEmpty());
  world.pass(a.rotation().claim - milliseconds(1));
  b.settle();
  EXPECT_THAT(world.keys(), IsEmpty());
  world.pass(milliseconds(1));
  b.settle();
  EXPECT_EQ(world.in_state(State::active).size(), 1u);
}

TEST(Rotation, AClaimFromBeforeTheClockWasSetBackIsTakenOver) {
  World world;
  Instance a(world, "a"), b(world, "b");
  a.look();
  ASSERT_TRUE(a.take(a.due().front()));
  world.pass(-10 * kDay);
  b.settle();
  EXPECT_EQ(world.in_state(State::active).size(), 1u);
}

TEST(Rotation, AfterYearsOfSleepTheNextKeyIsPublishedFirst) {
  for (const milliseconds asleep : {40 * kDay, 400 * kDay, 4000 * kDay}) {
    World world;
    Instance one(world, "a");
    age(world, one, asleep);
    one.settle();
    EXPECT_EQ(world.in_state(State::active).front().kid, "key-1");
    ASSERT_EQ(world.in_state(State::next).size(), 1u);
    world.pass(one.rotation().prepublish);
    one.settle();
    EXPECT_EQ(world.in_state(State::active).front().kid, "key-2");
    EXPECT_EQ(world.in_state(State::retained).front().kid, "key-1");
  }
}

TEST(Rotation, AClockThatWasAheadDoesNotPutRotationOff) {
  World world;
  Instance one(world, "a");
  world.pass(1000 * kDay); // wrong, and noticed later
  one.settle();
  world.pass(-1000 * kDay);
  one.settle();
  EXPECT_EQ(world.in_state(State::active).front().since_ms, world.now_ms);
  world.pass(one.rotation().rotate_every);
  one.settle();
  EXPECT_EQ(world.in_state(State::next).size(), 1u);
}

TEST(Rotation, AnAlgorithmThatIsNoLongerConfiguredEndsWithItsPeriod) {
  World world;
  Instance both(world, "a", {{"ES256", "RS256"}}), one(world, "b", {{"ES256"}});
  both.settle();
  one.settle();
  EXPECT_EQ(world.in_state(State::active).size(), 2u) << "an instance with other settings does not end it";
  world.pass(one.rotation().rotate_every);
  one.settle();
  ASSERT_EQ(world.in_state(State::retained).size(), 1u);
  EXPECT_EQ(world.in_state(State::retained).front().algorithm, "RS256");
  world.pass(one.rotation().retain);
  one.settle();
  EXPECT_EQ(world.in_state(State::gone).front().algorithm, "RS256");
}

TEST(Rotation, AnOperatorGetsTheNextKeyPublishedNow) {
  World world;
  Instance one(world, "a");
  one.settle();
  one.look();
  auto step = rotate_now(one.seen(), one.rotation(), "ES256", "a", world.now_ms);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->kind, Step::Kind::claim);
  ASSERT_TRUE(one.take(*step));
  one.look();
  step = rotate_now(one.seen(), one.rotation(), "ES256", "a", world.now_ms);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->kind, Step::Kind::publish);
  ASSERT_TRUE(one.take(*step));
  one.look();
  EXPECT_FALSE(rotate_now(one.seen(), one.rotation(), "ES256", "a", world.now_ms)) << "there is one now";
  world.pass(one.rotation().prepublish);
  one.settle();
  EXPECT_EQ(world.in_state(State::active).front().kid, "key-2");
}

TEST(Rotation, AnEmergencyDropsAllThatThereWasAtOnce) {
  World world;
  Instance one(world, "a");
  age(world, one, one.rotation().rotate_every);
  one.settle();
  world.pass(one.rotation().prepublish);
  one.settle();
  one.look();
  ASSERT_EQ(world.in_state(State::retained).size(), 1u);
  std::vector<std::string> kids;
  for (const Key& key : one.seen().keys) kids.push_back(key.kid);
  Call call;
  const Key made = one.make("ES256");
  const auto changes = emergency_changes(one.seen(), one.rotation(), kids, made, world.now_ms);
  ASSERT_TRUE(world.records.apply(call, changes));
  ASSERT_EQ(world.in_state(State::active).size(), 1u);
  EXPECT_EQ(world.in_state(State::active).front().kid, made.kid);
  EXPECT_EQ(world.in_state(State::gone).size(), 2u);
  EXPECT_EQ(world.keys().size(), 3u);
  EXPECT_EQ(emergency_end_ms(world.keys()), world.now_ms + 3'600'000);
  one.look();
  EXPECT_THAT(emergency_changes(one.seen(), one.rotation(), kids, std::nullopt, world.now_ms), IsEmpty());
  EXPECT_FALSE(world.records.apply(call, changes)) << "another instance's, that saw the same";
}

// Whatever two instances do, and whenever they die: never two keys that sign, none that signs before its time, none
// that is gone before its time; and rotation goes on.
class Walk {
 public:
  explicit Walk(unsigned seed) : random_(seed) {}

  void go(int actions) {
    for (int i = 0; i < actions && !testing::Test::HasFailure(); ++i) {
      act();
      check();
    }
    calm_down();
  }

 private:
  unsigned draw(unsigned below) { return static_cast<unsigned>(random_() % below); }

  void act() {
    Instance& one = draw(2) == 0 ? a_ : b_;
    switch (draw(10)) {
    case 0:
    case 1:
      return one.look();
    case 2:
    case 3:
    case 4: // of what it saw, which may be old
      for (const Step& step : one.due())
        if (draw(8) != 0) one.take(step); // else it dies there
      return;
    case 5:
      return one.settle();
    case 6:
      return world_.pass(minutes(draw(100)));
    case 7:
      return world_.pass(milliseconds(draw(2 * 24 * 3600 * 1000)));
    case 8:
      return draw(4) == 0 ? world_.pass(draw(100) * kDay) : world_.pass(seconds(draw(60)));
    default:
      if (draw(10) == 0) jump();
    }
  }

  void jump() {
    world_.pass((static_cast<int>(draw(200)) - 100) * kDay);
    jumped_ = true;
  }

  void check() {
    std::map<std::string, int> active, next;
    for (const Key& key : world_.keys()) {
      if (key.state == State::active) ++active[key.algorithm];
      if (key.state == State::next) ++next[key.algorithm];
      if (!jumped_) check_times(key);
      last_[key.kid] = {key.state, key.since_ms};
    }
    for (const auto& [algorithm, count] : active) EXPECT_EQ(count, 1) << algorithm;
    for (const auto& [algorithm, count] : next) EXPECT_EQ(count, 1) << algorithm;
  }

  void check_times(const Key& key) const {
    const auto at = last_.find(key.kid);
    if (at == last_.end() || at->second.first == key.state) return;
    const std::int64_t lasted = key.since_ms - at->second.second;
    const Rotation& rotation = a_.rotation();
    const std::map<State, milliseconds> least = {
        {State::next, rotation.prepublish}, {State::active, rotation.rotate_every}, {State::retained, rotation.retain}};
    EXPECT_GE(lasted, least.at(at->second.first).count()) << key.kid << " is " << name_of(key.state);
  }

  void calm_down() {
    const milliseconds period = a_.rotation().rotate_every;
    for (milliseconds passed{0}; passed < 3 * period; passed += hours(6)) {
      world_.pass(hours(6));
      a_.settle();
      b_.settle();
    }
    const auto active = world_.in_state(State::active);
    ASSERT_EQ(active.size(), 2u);
    for (const Key& key : active) EXPECT_LT(world_.now_ms - key.since_ms, (period + hours(13)).count());
  }

  World world_;
  Instance a_{world_, "a", {{"ES256", "RS256"}}};
  Instance b_{world_, "b", {{"ES256", "RS256"}}};
  bool jumped_ = false;
  std::map<std::string, std::pair<State, std::int64_t>> last_;
  std::minstd_rand random_;
};

TEST(Rotation, HoldsItsRulesOnRandomWalksOfTwoInstances) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Walk(seed).go(400);
    if (HasFailure()) return;
  }
}

} // namespace
} // namespace authd::modules::keys
