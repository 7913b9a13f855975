// SPDX-License-Identifier: Apache-2.0
// Names of Redis with several addresses of which one is dead. It stays dead for a minute; the bounds asserted
// lie far under that.
#include "dialer.h"

#include <future>
#include <thread>

#include <sys/eventfd.h>

#include "support/connection_server.h"
#include "support/dead_addresses.h"
#include "support/redis_server.h"
#include "tier_fixture.h"

namespace authd::test {
namespace {

using cache_redis::Deadline;
using cache_redis::Dialer;
using cache_redis::Fault;

constexpr seconds kDead{60};
constexpr seconds kFarUnder{20};
const cache_redis::Endpoint kName{"redis.test", "6379"};

class RedisDialer : public testing::Test {
 protected:
  RedisDialer() { settings_.connect_timeout = kDead; }

  Dialer to(net::Addresses addresses) const {
    return Dialer(settings_, [addresses = std::move(addresses)](const net::Endpoint&) { return addresses; });
  }
  net::Address alive() const { return numeric("127.0.0.1", redis_.port()); }

  cache_redis::Settings settings_;
  RedisServer redis_;
  BlackHole hole_{"127.0.0.2"};
};

TEST_F(RedisDialer, IsNotHeldUpByDeadAddresses) {
  const RefusingAddress refusing("127.0.0.3");
  const Dialer dialer = to({hole_.address(), refusing.address(), alive()});
  const Stopwatch watch;
  const auto connection = dialer.dial(kName, Deadline(kDead));
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_EQ((*connection)->peer(), alive());
  EXPECT_LT(watch.elapsed(), kFarUnder);
}

// 15 ms for each, where 250 would be seven and a half seconds.
TEST_F(RedisDialer, GivesEveryAddressItsTurnWhileOperationsWait) {
  net::Addresses many(30, hole_.address());
  many.push_back(alive());
  const Stopwatch watch;
  EXPECT_TRUE(to(many).dial(kName, Deadline(kDead)));
  EXPECT_LT(watch.elapsed(), seconds(5));
}

TEST_F(RedisDialer, NamesAllAddressesWhenNoneAnswers) {
  const RefusingAddress refusing("127.0.0.3");
  const auto none = to({hole_.address(), refusing.address()}).dial(kName, Deadline(milliseconds(200)));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, Fault::Kind::timed_out);
  EXPECT_EQ(none.error().message, "no connection: " + hole_.address().text() + ": no answer in time; " +
                                      refusing.address().text() + ": Connection refused");
}

// A Redis that is stopped, or a proxy without a server behind it, accepts all the same.
TEST_F(RedisDialer, LeavesAnAddressThatAcceptsAndDoesNotAnswer) {
  const ConnectionServer silent([](Peer& peer) { peer.hang(); });
  const ConnectionServer closing([](Peer&) {});
  const Dialer dialer = to({numeric("127.0.0.1", silent.port()), numeric("127.0.0.1", closing.port()), alive()});
  EXPECT_EQ(dialer.dial(kName, Deadline(milliseconds(200))).error().kind, Fault::Kind::timed_out);
  EXPECT_EQ(dialer.dial(kName, Deadline(kDead)).error().kind, Fault::Kind::lost);
  const auto connection = dialer.dial(kName, Deadline(kDead));
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_EQ((*connection)->peer(), alive());
}

TEST_F(RedisDialer, IsStoppedAtOnce) {
  const net::Descriptor stop(::eventfd(0, EFD_CLOEXEC));
  std::thread stopping([&] { ::eventfd_write(stop.get(), 1); });
  const Stopwatch watch;
  EXPECT_FALSE(to({hole_.address()}).dial(kName, Deadline(kDead).cancelled_by(stop.get())));
  stopping.join();
  EXPECT_LT(watch.elapsed(), kFarUnder);
}

TEST_F(RedisDialer, IsStoppedWhileTheResolverHangs) {
  std::promise<void> asked, released, landed;
  const std::shared_future<void> release = released.get_future().share();
  const net::Descriptor stop(::eventfd(0, EFD_CLOEXEC));
  const Stopwatch watch;
  {
    const Dialer dialer(settings_, [&, release](const net::Endpoint&) {
      asked.set_value();
      release.wait();
      landed.set_value();
      return net::Addresses{};
    });
    std::thread stopping([&] {
      asked.get_future().wait();
      ::eventfd_write(stop.get(), 1);
    });
    EXPECT_FALSE(dialer.dial(kName, Deadline(kDead).cancelled_by(stop.get())));
    stopping.join();
  }
  EXPECT_LT(watch.elapsed(), kFarUnder);
  released.set_value();
  landed.get_future().wait();
}

} // namespace
} // namespace authd::test
