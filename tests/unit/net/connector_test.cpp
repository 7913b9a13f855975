// SPDX-License-Identifier: Apache-2.0
// Names whose addresses the test chooses. What is remembered is told from who is asked next, never from
// speed.
#include "net/connector.h"

#include <atomic>
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

constexpr seconds kLong{60};
constexpr seconds kFarUnder{20};
const Endpoint kName{"name.test", "80"};

class ConnectorTest : public testing::Test {
 protected:
  Connector to(Addresses addresses) {
    return Connector([this, addresses](const Endpoint&) -> Result<Addresses> {
      ++look_ups_;
      return addresses;
    });
  }
  static Result<DeadlineSocket> connect(Connector& connector, milliseconds within = kLong) {
    return connector.connect(kName, Deadline(within), within);
  }
  static Address at(const ConnectionServer& server) { return test::numeric("127.0.0.1", server.port()); }

  std::atomic<int> look_ups_{0};
  ConnectionServer one_{[](test::Peer& peer) { peer.hang(); }};
  ConnectionServer two_{[](test::Peer& peer) { peer.hang(); }};
};

TEST_F(ConnectorTest, CarriesBytes) {
  ConnectionServer echo([](test::Peer& peer) { peer.send("hello"); });
  Connector connector = to({at(echo)});
  auto socket = connect(connector);
  ASSERT_TRUE(socket);
  std::array<char, 16> buffer;
  const auto n = socket->read(buffer, Deadline(kLong));
  ASSERT_TRUE(n);
  EXPECT_EQ(std::string_view(buffer.data(), *n), "hello");
}

TEST_F(ConnectorTest, TriesAllAddressesOfOneLookUp) {
  const RefusingAddress refusing("127.0.0.2");
  Connector connector = to({refusing.address(), at(one_)});
  EXPECT_TRUE(connect(connector));
  EXPECT_EQ(look_ups_, 1);
}

// 19 ms for each, where 250 would be seven and a half seconds.
TEST_F(ConnectorTest, GivesEveryAddressItsTurnWhileSomebodyWaits) {
  const BlackHole hole("127.0.0.2");
  Addresses many(30, hole.address());
  many.push_back(at(one_));
  Connector connector = to(many);
  const SteadyTime began = SteadyClock::now();
  EXPECT_TRUE(connector.connect(kName, Deadline(kLong), milliseconds(600)));
  EXPECT_LT(SteadyClock::now() - began, seconds(5));
}

TEST_F(ConnectorTest, StaysWithTheAddressThatAnsweredHoweverTheResolverTurnsThem) {
  Connector connector([&](const Endpoint&) -> Result<Addresses> {
    return ++look_ups_ == 1 ? Addresses{at(one_), at(two_)} : Addresses{at(two_), at(one_)};
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(connect(connector)->peer(), at(one_));
}

TEST_F(ConnectorTest, RemembersThatAnAddressRefused) {
  const RefusingAddress first("127.0.0.2");
  Connector connector = to({first.address(), at(one_)});
  ASSERT_TRUE(connect(connector));
  ASSERT_EQ(::listen(first.fd(), 16), 0); // now it would accept, and has its turn before the other
  EXPECT_EQ(connect(connector)->peer(), at(one_));
}

TEST_F(ConnectorTest, RemembersThatAnAddressWasOvertaken) {
  BlackHole hole("127.0.0.2");
  Connector connector = to({hole.address(), at(one_), at(two_)});
  EXPECT_EQ(connect(connector)->peer(), at(one_));
  hole.open(); // so that it would win if it had its turn
  connector.distrust(kName, at(one_));
  EXPECT_EQ(connect(connector)->peer(), at(two_));
}

TEST_F(ConnectorTest, TurnsFromAnAddressThatIsDistrusted) {
  Connector connector = to({at(one_), at(two_)});
  EXPECT_EQ(connect(connector)->peer(), at(one_));
  connector.distrust(kName, at(one_));
  EXPECT_EQ(connect(connector)->peer(), at(two_));
  connector.distrust(kName, at(two_));
  EXPECT_EQ(connect(connector)->peer(), at(one_)) << "nothing is left but what failed";
}

TEST_F(ConnectorTest, NamesEveryAddressThatFailed) {
  const BlackHole hole("127.0.0.2");
  const RefusingAddress refusing("127.0.0.3");
  Connector connector = to({hole.address(), refusing.address()});
  const auto none = connect(connector, milliseconds(200));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, Failure::Kind::timed_out);
  EXPECT_EQ(none.error().what,
            hole.address().text() + ": no answer in time; " + refusing.address().text() + ": Connection refused");
}

TEST_F(ConnectorTest, NamesALoneAddressOnlyWhereItStandsForAName) {
  const RefusingAddress refusing("127.0.0.3");
  Connector connector = to({refusing.address()});
  EXPECT_EQ(connect(connector).error().what, refusing.address().text() + ": Connection refused");
  const Endpoint itself{"127.0.0.3", std::to_string(refusing.port())};
  EXPECT_EQ(connector.connect(itself, Deadline(kLong), kLong).error().what, "Connection refused");
}

TEST_F(ConnectorTest, DoesNotEvenLookUpWhenTheTimeIsUp) {
  Connector connector = to({at(one_)});
  EXPECT_EQ(connect(connector, milliseconds(0)).error().kind, Failure::Kind::timed_out);
  EXPECT_EQ(look_ups_, 0);
}

TEST_F(ConnectorTest, IsInterruptedAtOnce) {
  const SteadyTime began = SteadyClock::now();
  const BlackHole hole("127.0.0.2");
  Connector connector;
  const Endpoint itself{"127.0.0.2", std::to_string(hole.port())};
  {
    const InterruptedAttempt interrupt;
    const auto none = connector.connect(itself, Deadline(kLong).cancelled_by(interrupt.descriptor()), kLong);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, Failure::Kind::interrupted);
    EXPECT_EQ(none.error().what, "interrupted");
  }
  EXPECT_LT(SteadyClock::now() - began, kFarUnder);
}

TEST_F(ConnectorTest, SuitsManyThreads) {
  const BlackHole hole("127.0.0.2");
  Connector connector = to({hole.address(), at(one_), at(two_)});
  std::vector<std::thread> threads;
  std::atomic<int> connected{0};
  for (int i = 0; i < 16; ++i) threads.emplace_back([&] { connected += connect(connector).has_value(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(connected, 16);
}

} // namespace
} // namespace authd::net
