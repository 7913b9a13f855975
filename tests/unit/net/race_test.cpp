// SPDX-License-Identifier: Apache-2.0
// Addresses of which some are dead. A dead one lasts a minute; the bounds asserted lie far under that.
#include "net/race.h"

#include <thread>

#include <gtest/gtest.h>

#include "descriptors.h"
#include "support/connection_server.h"
#include "support/dead_addresses.h"

namespace authd::net {
namespace {

using std::chrono::seconds;
using test::BlackHole;
using test::ConnectionServer;
using test::RefusingAddress;

constexpr seconds kDead{60};
constexpr seconds kFarUnder{20};
constexpr milliseconds kDelay{20};

class RaceTest : public testing::Test {
 protected:
  RaceEnd run(const Addresses& addresses, milliseconds delay = kDelay, const Deadline& deadline = Deadline(kDead)) {
    const SteadyTime began = SteadyClock::now();
    RaceEnd end = race(addresses, delay, deadline);
    EXPECT_LT(SteadyClock::now() - began, kFarUnder);
    return end;
  }
  Address alive() const { return test::numeric("127.0.0.1", server_.port()); }

  ConnectionServer server_{[](test::Peer& peer) { peer.hang(); }};
  BlackHole hole_{"127.0.0.2"};
  BlackHole other_hole_{"127.0.0.3"};
  RefusingAddress refusing_{"127.0.0.4"};
};

TEST_F(RaceTest, ConnectsToALoneAddress) {
  const RaceEnd end = run({alive()});
  ASSERT_TRUE(end.winner);
  EXPECT_EQ(end.winner->address, alive());
  EXPECT_TRUE(end.losers.empty());
}

TEST_F(RaceTest, IsNotHeldUpByADeadFirstAddress) {
  const RaceEnd end = run({hole_.address(), other_hole_.address(), alive()});
  ASSERT_TRUE(end.winner);
  EXPECT_EQ(end.winner->address, alive());
  ASSERT_EQ(end.losers.size(), 2u);
  EXPECT_EQ(end.losers[0].address, hole_.address());
}

TEST_F(RaceTest, GoesOnAtOnceWhereAnAddressRefuses) {
  const RaceEnd end = run({refusing_.address(), refusing_.address(), alive()}, kDead);
  ASSERT_TRUE(end.winner);
  EXPECT_EQ(end.winner->address, alive());
  ASSERT_EQ(end.losers.size(), 2u);
  EXPECT_EQ(end.losers.front().why, "Connection refused");
}

TEST_F(RaceTest, GoesOnAtOnceWhereALaterAddressRefuses) {
  const RaceEnd end = run({hole_.address(), refusing_.address(), alive()}, milliseconds(200));
  ASSERT_TRUE(end.winner);
  EXPECT_EQ(end.winner->address, alive());
}

TEST_F(RaceTest, DoesNotTryASecondAddressWhileTheFirstHasTime) {
  ConnectionServer second([](test::Peer& peer) { peer.send(std::to_string(peer.number())); });
  const Address other = test::numeric("127.0.0.1", second.port());
  EXPECT_TRUE(run({alive(), other}, kDead).winner);
  RaceEnd first_there = run({other});
  char number = '?';
  ASSERT_TRUE(Deadline(kDead).await(first_there.winner->socket.get(), POLLIN));
  ASSERT_EQ(::recv(first_there.winner->socket.get(), &number, 1, 0), 1);
  EXPECT_EQ(number, '0');
}

TEST_F(RaceTest, EndsWhenAllRefuse) {
  const RaceEnd end = run({refusing_.address(), refusing_.address()}, kDead);
  EXPECT_FALSE(end.winner);
  ASSERT_EQ(end.losers.size(), 2u);
  EXPECT_EQ(end.losers[1].why, "Connection refused");
}

TEST_F(RaceTest, EndsAtItsDeadlineWhenAllAreDead) {
  const Deadline deadline(milliseconds(200));
  const RaceEnd end = run({hole_.address(), refusing_.address(), other_hole_.address()}, kDelay, deadline);
  EXPECT_FALSE(end.winner);
  EXPECT_TRUE(deadline.over());
  ASSERT_EQ(end.losers.size(), 3u);
  EXPECT_EQ(end.losers[0].why, "no answer in time");
  EXPECT_EQ(end.losers[1].why, "Connection refused");
  EXPECT_EQ(end.losers[2].why, "no answer in time");
}

// The server keeps a descriptor of its own for each connection.
TEST_F(RaceTest, ClosesTheLosers) {
  const auto before = open_descriptors();
  const auto await_more = [&](long more) {
    const Deadline deadline(kFarUnder);
    while (open_descriptors() != before + more && !deadline.over()) std::this_thread::yield();
    EXPECT_EQ(open_descriptors(), before + more);
  };
  {
    const RaceEnd end = run({hole_.address(), other_hole_.address(), alive()});
    ASSERT_TRUE(end.winner);
    await_more(2);
  }
  run({hole_.address(), other_hole_.address()}, kDelay, Deadline(milliseconds(100)));
  await_more(0);
}

TEST_F(RaceTest, IsInterruptedAtOnce) {
  const InterruptedAttempt interrupt;
  const Deadline deadline = Deadline(kDead).cancelled_by(interrupt.descriptor());
  const RaceEnd end = run({hole_.address(), other_hole_.address()}, kDead, deadline);
  EXPECT_FALSE(end.winner);
  EXPECT_EQ(end.losers.size(), 1u);
}

TEST_F(RaceTest, BoundsTheNumberOfAddresses) {
  Addresses many(kMostAddresses, refusing_.address());
  many.push_back(alive());
  EXPECT_EQ(run(many).losers.size(), kMostAddresses);
  Addresses dead(2 * kMostAddresses, hole_.address());
  const RaceEnd end = run(dead, milliseconds(1), Deadline(milliseconds(300)));
  EXPECT_EQ(end.losers.size(), kMostAddresses);
}

// RFC 8305, section 5.
TEST(AttemptDelay, GivesEveryAddressItsTurnWithinThePatience) {
  EXPECT_EQ(attempt_delay(2, seconds(60)).count(), 250);
  EXPECT_EQ(attempt_delay(1, milliseconds(500)).count(), 250);
  EXPECT_EQ(attempt_delay(2, milliseconds(500)).count(), 166);
  EXPECT_EQ(attempt_delay(4, milliseconds(500)).count(), 100);
  EXPECT_EQ(attempt_delay(1000, milliseconds(500)).count(), 15);
  EXPECT_EQ(attempt_delay(2, milliseconds(1)).count(), 10);
}

} // namespace
} // namespace authd::net
