// SPDX-License-Identifier: Apache-2.0
// What is waited for here never comes; bounds lie far under and far over what is meant.
#include "net/deadline.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include "net/descriptor.h"

namespace authd::net {
namespace {

using std::chrono::seconds;

constexpr seconds kFarUnder{20};
constexpr seconds kNever{60};

struct Operation {
  std::atomic<bool> withdrawn{false};
  milliseconds remaining() const { return withdrawn ? milliseconds::zero() : milliseconds::max(); }
};

class DeadlineTest : public testing::Test {
 protected:
  milliseconds elapsed() const { return std::chrono::duration_cast<milliseconds>(SteadyClock::now() - began_); }

  const SteadyTime began_ = SteadyClock::now();
  const Descriptor silent_{::eventfd(0, EFD_CLOEXEC)};
  const Descriptor event_{::eventfd(0, EFD_CLOEXEC)};
};

TEST_F(DeadlineTest, BoundsAllWaitsTogether) {
  const Deadline deadline(milliseconds(60));
  for (int i = 0; i < 100; ++i) deadline.pause(milliseconds(10));
  EXPECT_TRUE(deadline.over());
  EXPECT_EQ(deadline.why_over().kind, Failure::Kind::timed_out);
  EXPECT_FALSE(deadline.await(silent_.get(), POLLIN));
  EXPECT_GE(elapsed().count(), 60);
  EXPECT_LT(elapsed(), kFarUnder);
}

TEST_F(DeadlineTest, IsOnlyEverShortened) {
  EXPECT_LE(Deadline(milliseconds(50)).capped(kNever).remaining().count(), 50);
  EXPECT_LE(Deadline(kNever).capped(milliseconds(50)).remaining().count(), 50);
  EXPECT_GT(Deadline(milliseconds::max()).remaining(), std::chrono::hours(23));
}

TEST_F(DeadlineTest, SeesTheDescriptorThatIsReadyFirst) {
  ::eventfd_write(event_.get(), 1);
  pollfd both[2] = {{silent_.get(), POLLIN, 0}, {event_.get(), POLLIN, 0}};
  EXPECT_EQ(Deadline(kNever).await(both, SteadyTime::max()), Deadline::Woken::ready);
  EXPECT_EQ(both[0].revents, 0);
  EXPECT_EQ(both[1].revents, POLLIN);
}

TEST_F(DeadlineTest, TellsAMomentThatHasPassedFromItsOwnEnd) {
  const auto soon = [] { return SteadyClock::now() + milliseconds(20); };
  EXPECT_EQ(Deadline(kNever).await({}, soon()), Deadline::Woken::passed);
  EXPECT_EQ(Deadline(milliseconds(5)).await({}, soon()), Deadline::Woken::over);
}

TEST_F(DeadlineTest, IsOverWhenItsOperationIsWithdrawn) {
  Operation operation;
  const Deadline deadline(operation, kNever);
  EXPECT_FALSE(deadline.over());
  std::thread withdrawing([&] { operation.withdrawn = true; });
  EXPECT_FALSE(deadline.await(silent_.get(), POLLIN));
  withdrawing.join();
  EXPECT_EQ(deadline.why_over().kind, Failure::Kind::timed_out);
  EXPECT_LT(elapsed(), kFarUnder);
}

TEST_F(DeadlineTest, IsInterruptedAlthoughThereIsSomethingToRead) {
  const Deadline deadline = Deadline(kNever).cancelled_by(event_.get());
  EXPECT_FALSE(deadline.over());
  std::thread interrupting([&] { ::eventfd_write(event_.get(), 1); });
  EXPECT_FALSE(deadline.await(silent_.get(), POLLIN));
  interrupting.join();
  EXPECT_EQ(deadline.why_over().kind, Failure::Kind::interrupted);
  const Descriptor ready(::eventfd(1, EFD_CLOEXEC));
  EXPECT_FALSE(deadline.await(ready.get(), POLLIN));
  EXPECT_EQ(deadline.remaining().count(), 0);
  EXPECT_LT(elapsed(), kFarUnder);
}

} // namespace
} // namespace authd::net
