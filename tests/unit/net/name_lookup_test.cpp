// SPDX-License-Identifier: Apache-2.0
// A resolver that hangs lasts until the test lets it go, which is after its bounds have been checked.
#include "net/name_lookup.h"

#include <atomic>
#include <condition_variable>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include "net/descriptor.h"
#include "support/dead_addresses.h"

namespace authd::net {
namespace {

using std::chrono::seconds;

constexpr seconds kFarUnder{20};
const Endpoint kName{"name.test", "80"};

Addresses loopback() { return {test::numeric("127.0.0.1", 80)}; }

// Shared with the threads of look-ups that nobody waits for any more.
class HangingResolver {
 public:
  Resolver resolver() const {
    return [state = state_](const Endpoint&) -> Result<Addresses> {
      std::unique_lock lock(state->mutex);
      ++state->asked;
      state->changed.notify_all();
      state->changed.wait(lock, [&] { return state->released; });
      ++state->answered;
      state->changed.notify_all();
      return loopback();
    };
  }
  ~HangingResolver() {
    release();
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [&] { return state_->answered == state_->asked; });
  }
  void release() {
    const std::lock_guard lock(state_->mutex);
    state_->released = true;
    state_->changed.notify_all();
  }
  void await_asked(int times) {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [&] { return state_->asked >= times; });
  }
  int asked() const {
    const std::lock_guard lock(state_->mutex);
    return state_->asked;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    int asked = 0;
    int answered = 0;
    bool released = false;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

TEST(NameLookup, AnswersWithWhatTheResolverSays) {
  NameLookup lookup([](const Endpoint& name) -> Result<Addresses> {
    if (name == kName) return loopback();
    return lasting("name look-up: unknown");
  });
  EXPECT_EQ(lookup.addresses_of(kName, Deadline(seconds(60))), loopback());
  const auto unknown = lookup.addresses_of({"other.test", "80"}, Deadline(seconds(60)));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().what, "name look-up: unknown");
  EXPECT_TRUE(unknown.error().lasting);
}

TEST(NameLookup, DoesNotAskForAnAddress) {
  NameLookup lookup([](const Endpoint&) -> Result<Addresses> { throw std::logic_error("asked"); });
  EXPECT_EQ(lookup.addresses_of({"127.0.0.1", "80"}, Deadline(seconds(60))), loopback());
  EXPECT_EQ(lookup.addresses_of({"::1", "80"}, Deadline(seconds(60))), Addresses{test::numeric("::1", 80)});
}

TEST(NameLookup, SurvivesAResolverThatThrowsOrFindsNothing) {
  NameLookup throwing([](const Endpoint&) -> Result<Addresses> { throw std::runtime_error("broken"); });
  EXPECT_EQ(throwing.addresses_of(kName, Deadline(seconds(60))).error().what, "name look-up: broken");
  NameLookup empty([](const Endpoint&) { return Addresses{}; });
  EXPECT_TRUE(empty.addresses_of(kName, Deadline(seconds(60))).error().lasting);
}

TEST(NameLookup, EndsAtTheDeadlineWhileTheResolverHangs) {
  HangingResolver hanging;
  const SteadyTime began = SteadyClock::now();
  {
    NameLookup lookup(hanging.resolver());
    const auto none = lookup.addresses_of(kName, Deadline(milliseconds(50)));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, Failure::Kind::timed_out);
    EXPECT_EQ(none.error().what, "name look-up: no answer in time");
    hanging.await_asked(1);
  } // nor does its end wait for the resolver
  EXPECT_LT(SteadyClock::now() - began, kFarUnder);
}

TEST(NameLookup, IsInterruptedWhileTheResolverHangs) {
  HangingResolver hanging;
  NameLookup lookup(hanging.resolver());
  const Descriptor interrupt(::eventfd(0, EFD_CLOEXEC));
  std::thread interrupting([&] {
    hanging.await_asked(1);
    ::eventfd_write(interrupt.get(), 1);
  });
  const auto none = lookup.addresses_of(kName, Deadline(seconds(60)).cancelled_by(interrupt.get()));
  interrupting.join();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, Failure::Kind::interrupted);
}

TEST(NameLookup, IsSharedByAllWhoAskForTheNameMeanwhile) {
  HangingResolver hanging;
  NameLookup lookup(hanging.resolver());
  EXPECT_FALSE(lookup.addresses_of(kName, Deadline(milliseconds(20))));
  EXPECT_FALSE(lookup.addresses_of(kName, Deadline(milliseconds(20))));
  std::thread waiting([&] { EXPECT_EQ(lookup.addresses_of(kName, Deadline(seconds(60))), loopback()); });
  hanging.await_asked(1);
  EXPECT_EQ(hanging.asked(), 1);
  hanging.release();
  waiting.join();
  EXPECT_EQ(lookup.addresses_of(kName, Deadline(seconds(60))), loopback()) << "asked anew";
}

TEST(NameLookup, IsBoundedInItsThreads) {
  HangingResolver hanging;
  NameLookup lookup(hanging.resolver());
  for (std::size_t i = 0; i < NameLookup::kMostPending; ++i)
    EXPECT_FALSE(lookup.addresses_of({std::to_string(i) + ".test", "80"}, Deadline(milliseconds(1))));
  const auto refused = lookup.addresses_of(kName, Deadline(seconds(60)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "name look-up: too many are pending");
  hanging.await_asked(NameLookup::kMostPending);
  EXPECT_EQ(hanging.asked(), static_cast<int>(NameLookup::kMostPending));
}

} // namespace
} // namespace authd::net
