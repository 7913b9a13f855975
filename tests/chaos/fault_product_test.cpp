// SPDX-License-Identifier: Apache-2.0
// Pairs of faults: each state of Kong with each of Redis, for copies of each kind. What authd answers and
// where its breaker stands is compared with the rules (fault_rules.cpp).
#include <algorithm>
#include <chrono>
#include <tuple>

#include <gtest/gtest.h>

#include "fault_rules.h"
#include "fault_scene.h"

namespace authd::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr int kAttempts = 4;
constexpr milliseconds kShort{2000};
constexpr milliseconds kLong{std::chrono::hours(1)};

class FaultProduct : public testing::TestWithParam<std::tuple<KongState, RedisState>> {
 protected:
  using Make = void (FaultScene::*)();

  KongState kong() const { return std::get<0>(GetParam()); }
  RedisState redis() const { return std::get<1>(GetParam()); }
  Cell cell(CopyState copy, bool breaker_open = false) const { return {kong(), redis(), copy, breaker_open}; }

  // Those that exist beside this Kong and this Redis.
  std::vector<CopyState> existing(const std::vector<CopyState>& copies) const {
    std::vector<CopyState> out;
    for (const CopyState copy : copies) {
      if (answer_by_rule(cell(copy))) out.push_back(copy);
    }
    return out;
  }

  void walk(const std::vector<CopyState>& copies, Make make, milliseconds ttl, std::string grace = {}) const {
    const std::vector<CopyState> there = existing(copies);
    for (int attempt = 0; attempt < kAttempts; ++attempt, ttl *= 2) {
      FaultScene scene({kong(), redis(), ttl, grace, there});
      (scene.*make)();
      scene.enter();
      const auto answers = scene.ask_all();
      if (!scene.was_in_time()) continue;
      compare(answers);
      compare_breaker(scene);
      compare_later(scene, there);
      compare_health(scene, there);
      if (HasFailure()) std::printf("%s", scene.log().c_str());
      return;
    }
    FAIL() << "the machine was too slow for copies of a certain age, " << kAttempts << " times";
  }

 private:
  static void expect(const Cell& where, const Asked& asked, const std::string& wanted) {
    EXPECT_EQ(asked.answer, wanted) << text_of(where) << "\n  rule: " << rule_for(where);
    if (asked.answer.starts_with("503")) {
      const int wait = std::stoi("0" + asked.retry_after);
      EXPECT_GE(wait, 1) << text_of(where);
      EXPECT_LE(wait, where.kong == KongState::rate_limited ? 20 : 60) << text_of(where);
    }
  }

  void compare(const std::map<CopyState, std::vector<Asked>>& answers) const {
    for (const auto& [copy, asked] : answers) {
      for (const Asked& one : asked) expect(cell(copy), one, *answer_by_rule(cell(copy)));
    }
  }

  void compare_breaker(const FaultScene& scene) const {
    EXPECT_EQ(scene.breaker_state(), "closed") << "before there were calls enough for a judgement";
    const Cell closed{kong(), RedisState::none, CopyState::gone, false};
    const Cell open{kong(), RedisState::none, CopyState::gone, true};
    for (const Asked& asked : scene.ask_strangers()) {
      EXPECT_TRUE(asked.answer == answer_by_rule(closed) || asked.answer == answer_by_rule(open))
          << "a stranger, " << text_of(closed) << ": " << asked.answer;
    }
    EXPECT_EQ(scene.await_breaker(breaker_by_rule(kong())), breaker_by_rule(kong()));
  }

  // /health and ready against the rules, and against what /tokens then answers.
  void compare_health(const FaultScene& scene, const std::vector<CopyState>& copies) const {
    const std::string ready = readiness_by_rule(kong(), redis(), copies);
    const std::string wanted = ready + ", " + (ready == "ready" ? health_by_rule(kong(), redis()) : "unhealthy");
    EXPECT_EQ(scene.await_health(wanted), wanted) << text_of(cell(copies.front()));
    bool tokens = false;
    for (const CopyState copy : copies) tokens = tokens || gives_tokens(scene.ask(copy));
    tokens = tokens || gives_tokens(scene.ask_strangers());
    const bool redis_cannot_say = redis() != RedisState::none && redis() != RedisState::frozen;
    const bool nobody_is_left = kong() == KongState::forgetful; // of those whom the test knows
    if (tokens || !(redis_cannot_say || nobody_is_left)) {
      EXPECT_EQ(tokens ? "ready" : "not ready", ready) << text_of(cell(copies.front()));
    }
  }

  static bool gives_tokens(const std::vector<Asked>& asked) {
    return std::any_of(asked.begin(), asked.end(), [](const Asked& one) { return one.answer.starts_with("200"); });
  }

  // What was started in the background may still be under way.
  void compare_later(const FaultScene& scene, const std::vector<CopyState>& copies) const {
    const auto deadline = Clock::now() + seconds(5);
    for (const CopyState copy : copies) {
      if (copy == CopyState::fresh) continue; // ages on, through other cells
      const Cell where = cell(copy, breaker_by_rule(kong()) == "open");
      const std::string wanted = *later_answer_by_rule(where);
      std::vector<Asked> asked = scene.ask(copy);
      const auto as_wanted = [&](const Asked& one) { return one.answer == wanted; };
      while (!std::all_of(asked.begin(), asked.end(), as_wanted) && Clock::now() < deadline) asked = scene.ask(copy);
      for (const Asked& one : asked) expect(where, one, wanted);
    }
  }
};

class NoCopies : public FaultProduct {};

std::string name_of_case(const testing::TestParamInfo<FaultProduct::ParamType>& info) {
  return std::string(name_of(std::get<0>(info.param))).append(name_of(std::get<1>(info.param)));
}

const auto kKongs = testing::Values(KongState::up, KongState::slow, KongState::rate_limited, KongState::failing,
                                    KongState::refused, KongState::forgetful);

class AgedCopies : public FaultProduct {};
INSTANTIATE_TEST_SUITE_P(FaultProduct, AgedCopies,
                         testing::Combine(kKongs, testing::Values(RedisState::none, RedisState::full, RedisState::empty,
                                                                  RedisState::frozen, RedisState::read_only,
                                                                  RedisState::returning)),
                         name_of_case);

TEST_P(AgedCopies, AreAnsweredByTheRules) {
  walk({CopyState::fresh, CopyState::due, CopyState::stale, CopyState::gone}, &FaultScene::make_aged_copies, kShort);
}

INSTANTIATE_TEST_SUITE_P(FaultProduct, NoCopies,
                         testing::Combine(kKongs, testing::Values(RedisState::none, RedisState::full, RedisState::empty,
                                                                  RedisState::frozen, RedisState::read_only,
                                                                  RedisState::returning)),
                         name_of_case);

TEST_P(NoCopies, AreAnsweredByTheRules) { walk({CopyState::gone}, &FaultScene::make_no_copies, kLong); }

class SuspectCopies : public FaultProduct {};
INSTANTIATE_TEST_SUITE_P(FaultProduct, SuspectCopies,
                         testing::Combine(kKongs,
                                          testing::Values(RedisState::full, RedisState::empty, RedisState::frozen,
                                                          RedisState::read_only, RedisState::returning)),
                         name_of_case);

TEST_P(SuspectCopies, AreAnsweredByTheRules) { walk({CopyState::suspect}, &FaultScene::make_suspect_copies, kLong); }

TEST_P(SuspectCopies, AreAnsweredByTheRulesWhenTheGraceIsOver) {
  walk({CopyState::doubtful}, &FaultScene::make_suspect_copies, kLong, "0s");
}

} // namespace
} // namespace authd::test
