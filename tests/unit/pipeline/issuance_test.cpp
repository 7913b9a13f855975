// SPDX-License-Identifier: Apache-2.0
// "Can issue" against what a lookup then does: random walks through states of the gateway, of the copies at hand and
// of a remote tier.
#include "pipeline/issuance.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <random>
#include <stdexcept>
#include <thread>

#include "pipeline/secret_lookup.h"
#include "tier_fixture.h"

namespace authd::pipeline {
namespace {

using namespace test;

enum class Gate { up, failing, limited, hides_its_status };
enum class Local { none, fresh, stale, expired };
enum class Far { holds, says_empty, silent, refuses_writes, fails, says_down, to_be_cleared };

constexpr std::array kGates{Gate::up, Gate::failing, Gate::limited, Gate::hides_its_status};
constexpr std::array kLocals{Local::none, Local::fresh, Local::stale, Local::expired};
constexpr std::array kFars{Far::holds, Far::says_empty, Far::silent,       Far::refuses_writes,
                           Far::fails, Far::says_down,  Far::to_be_cleared};
// No call of a test takes so long, on whatever machine.
constexpr milliseconds kNever{20'000};

class World : public TierFixture {
 public:
  World() {
    gateway_.on_list = [this](const std::string&) {
      if (gate_ == Gate::limited) return Answer{AUTHD_RATE_LIMITED, {}, 60'000};
      return gate_ == Gate::failing ? Answer{AUTHD_UNAVAILABLE, {}} : Answer{AUTHD_OK, {{"id", "listed"}}};
    };
    gateway_.on_probe = [this] {
      if (gate_ == Gate::hides_its_status) return std::pair{AUTHD_DENIED, false};
      return std::pair{AUTHD_OK, gate_ != Gate::failing};
    };
    std::vector<TierSlot> slots{{memory.tier(), kTtl, std::chrono::minutes(30), kNever},
                                {remote.tier(), kTtl, std::chrono::minutes(30), kNever}};
    history_ = std::make_shared<TierHistory>();
    stack = std::make_unique<TierStack>(std::move(slots), kClock, Sealer({}), recorder, history_);
    lookup_ = std::make_unique<SecretLookup>(LookupSettings{kNever}, *stack, gateway_.gateway(), guard_, health_,
                                             lanes_, recorder);
  }
  ~World() override { lanes_.stop(); }
  void TestBody() override {}

  // What a state is known by has happened: calls have failed, or one was told to wait.
  void set(Gate gate) {
    gate_ = gate;
    if (gate == Gate::limited) ask(stranger());
    finish_lanes();
    if (gate == Gate::hides_its_status) guard_.prove_base();
  }
  void set(Local local) {
    local_ = local;
    memory.mend();
    stack->cleared();
    if (local == Local::none) return;
    stack->fill_local(kId, record("local"), stack->mark(kId));
    if (local == Local::stale) memory.fail("get", AUTHD_NOT_FOUND);
    if (local != Local::expired) return;
    stack->cleared(); // as if time had passed: an entry is left that nobody may use
    memory.put("somebody", "something");
    history_->usable_until.store(steady_now().time_since_epoch().count());
  }
  void set(Far far) {
    remote.mend();
    remote.says = {};
    if (far_ == Far::to_be_cleared) {
      const SteadyTime give_up = steady_now() + kLongEnough;
      const auto cleared = remote.asked("clear");
      while (remote.asked("clear") == cleared && steady_now() < give_up) { // one that failed is tried after a pause
        stack->flush_deletions();
        std::this_thread::sleep_for(milliseconds(5));
      }
    }
    far_ = far;
    stack->poll();
    if (far == Far::says_empty) {
      stack->drop_all();
      return set(local_); // that dropped the local copies as well
    }
    store(remote, kId, record("remote"));
    switch (far) {
    case Far::silent:
      remote.fail("stats", AUTHD_UNSUPPORTED);
      break;
    case Far::refuses_writes:
      remote.fail("set");
      break;
    case Far::fails:
      remote.fail_everything();
      break;
    case Far::says_down:
      remote.fail_everything(), remote.says = {AUTHD_HEALTH_DOWN, "no connection"};
      break;
    case Far::to_be_cleared:
      remote.fail("clear");
      stack->drop_all();
      set(local_);
      break;
    default:
      break;
    }
  }

  Issuance judge() {
    stack->poll();
    Call call(steady_now() + kNever);
    return lookup_->issuance(gateway_.gateway().probe(call));
  }
  // Whether anybody gets one: whoever was ever asked for may have a copy somewhere.
  bool gives_a_token() {
    stranger();
    const bool given =
        std::any_of(consumers_.begin(), consumers_.end(), [this](const auto& consumer) { return ask(consumer); });
    finish_lanes();
    return given;
  }
  bool remote_tier_cannot_say() const { return far_ == Far::silent; }
  std::string text() const {
    return "gateway " + std::to_string(static_cast<int>(gate_.load())) + ", local " +
           std::to_string(static_cast<int>(local_)) + ", remote " + std::to_string(static_cast<int>(far_));
  }

 private:
  const std::string& stranger() { return consumers_.emplace_back("stranger-" + std::to_string(consumers_.size())); }
  bool ask(const std::string& consumer) {
    std::string found;
    if (lookup_->cached(consumer, found)) return true;
    auto promise = std::make_shared<std::promise<bool>>();
    auto begun = lookup_->begin(consumer, [promise](const LookupResult& r) { promise->set_value(r.has_value()); });
    if (begun.result) return begun.result->has_value();
    auto future = promise->get_future();
    if (future.wait_for(kLongEnough) != std::future_status::ready) throw std::runtime_error("no answer");
    return future.get();
  }

  // The tiers' answers may be changed only while nobody asks them. With one worker each, what nobody waits for comes
  // last; the gateway's goes first, because its jobs hand copies to the other.
  void finish_lanes() {
    for (BlockingLane* lane : {&lanes_.gateway, &lanes_.reads}) {
      auto done = std::make_shared<std::promise<void>>();
      BlockingLane::Job last;
      last.run = [done] {
        done->set_value();
        return true;
      };
      if (!lane->submit(std::move(last)) || done->get_future().wait_for(kLongEnough) != std::future_status::ready)
        throw std::runtime_error("the lane does not come to an end");
    }
  }

  std::atomic<Gate> gate_{Gate::up}; // the probe's thread asks at any time
  Local local_ = Local::none;
  Far far_ = Far::says_empty;
  std::vector<std::string> consumers_{std::string(kId)};
  ScriptedGateway gateway_;
  GatewayGuard guard_{{50, milliseconds(60'000), milliseconds(10'000), 10, 5}, kNever};
  GatewayHealth health_{gateway_.gateway(), guard_, kNever, recorder};
  Lanes lanes_{1, 64};
  std::shared_ptr<TierHistory> history_;
  std::unique_ptr<SecretLookup> lookup_;
};

TEST(IssuanceModel, SaysWhatALookupThenDoes) {
  constexpr int kWorlds = 24;
  constexpr int kSteps = 12;
  std::mt19937 random(20261126);
  const auto pick = [&](const auto& of) { return of[random() % of.size()]; };
  int possible = 0;
  int impossible = 0;
  int moved = 0;
  for (int w = 0; w < kWorlds; ++w) {
    World world;
    for (int step = 0; step < kSteps; ++step) {
      const auto turn = random() % 3;
      if (turn == 0) world.set(pick(kGates));
      if (turn == 1) world.set(pick(kLocals));
      if (turn == 2) world.set(pick(kFars));
      const Issuance before = world.judge();
      const bool token = world.gives_a_token();
      if (world.remote_tier_cannot_say() && !token) continue;
      // Asking may open a breaker, and a recovery that was noticed meanwhile closes one.
      if (before.possible() != token && world.judge().possible() == token && ++moved < kSteps) continue;
      EXPECT_EQ(before.possible(), token)
          << "world " << w << ", step " << step << ": " << world.text() << "; " << before.why;
      ++(token ? possible : impossible);
    }
  }
  std::printf("possible %d, impossible %d, moved while asked %d\n", possible, impossible, moved);
  EXPECT_GT(possible, 100);
  EXPECT_GT(impossible, 30);
}

} // namespace
} // namespace authd::pipeline
