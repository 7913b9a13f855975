// SPDX-License-Identifier: Apache-2.0
// A server that speaks Redis' protocol badly: cut short, dripping, announcing too much, or something else.
#include <atomic>
#include <utility>

#include <sys/socket.h>

#include "support/connection_server.h"
#include "support/redis_server.h"
#include "tier_fixture.h"

namespace authd::test {
namespace {

// The first word of the next command, or nothing at the end of the connection.
std::optional<std::string> read_command(const Peer& peer, std::string& buffer) {
  const auto line = [&]() -> std::optional<std::string> {
    for (;;) {
      if (const auto end = buffer.find("\r\n"); end != std::string::npos) {
        std::string text = buffer.substr(0, end);
        buffer.erase(0, end + 2);
        return text;
      }
      char bytes[4096];
      const ssize_t n = ::recv(peer.fd(), bytes, sizeof bytes, 0);
      if (n <= 0) return std::nullopt;
      buffer.append(bytes, static_cast<std::size_t>(n));
    }
  };
  auto count = line();
  if (!count) return std::nullopt;
  std::optional<std::string> first;
  for (int i = std::stoi(count->substr(1)); i > 0; --i) { // none of these tests' words holds a CR LF
    line();
    auto word = line();
    if (!word) return std::nullopt;
    if (!first) first = word;
  }
  return first;
}

// Answers PING, and GETRANGE as told; what ends ends the connection.
ConnectionServer::Serve answering(std::function<void(Peer&)> get) {
  return [get = std::move(get)](Peer& peer) {
    std::string buffer;
    while (const auto command = read_command(peer, buffer)) {
      if (*command == "PING") {
        peer.send("+PONG\r\n");
      } else if (*command == "GETRANGE") {
        return get(peer);
      } else {
        peer.send("-ERR unknown command\r\n");
      }
    }
  };
}

authd_status get_from(std::function<void(Peer&)> get, std::string* why = nullptr) {
  ConnectionServer server(answering(std::move(get)));
  Tier tier("redis://127.0.0.1:" + std::to_string(server.port()), {{"/max_retries", std::int64_t{1}}});
  tier.limit(milliseconds(400));
  const auto status = tier.get("k");
  if (why != nullptr) *why = tier.why();
  return status;
}

TEST(RedisWire, NeverPadsAnAnswerThatIsCutShort) {
  for (const char* part : {"$10\r\nabc", "$3\r\nabc", "$3\r\nabc\r", "$3", "", "*2\r\n$1\r\na\r\n", "-ERR x"})
    EXPECT_EQ(get_from([&](Peer& peer) { peer.send(part); }), AUTHD_UNAVAILABLE) << part;
}

TEST(RedisWire, KeepsToOneDeadlineWhileBytesDripIn) {
  const Stopwatch watch;
  EXPECT_EQ(get_from([](Peer& peer) { peer.drip("$1000\r\n" + std::string(1000, 'x') + "\r\n", milliseconds(20)); }),
            AUTHD_TIMEOUT);
  EXPECT_LT(watch.elapsed(), seconds(5)); // all of it would take twenty
}

TEST(RedisWire, TakesAnAnnouncementThatIsTooLongForAMiss) {
  for (const char* announcement : {"$1500000000\r\n", "$1048641\r\n", "*1500000000\r\n", "$99999999999\r\n"})
    EXPECT_EQ(get_from([&](Peer& peer) {
                peer.send(announcement);
                peer.hang();
              }),
              AUTHD_NOT_FOUND)
        << announcement;
}

TEST(RedisWire, IsNotNestedIntoAStackOverflow) {
  std::string nested;
  for (int i = 0; i < 200'000; ++i) nested += "*1\r\n";
  EXPECT_EQ(get_from([&](Peer& peer) { peer.send(nested); }), AUTHD_NOT_FOUND);
}

TEST(RedisWire, RefusesWhatIsNoRedis) {
  for (const char* noise : {"HTTP/1.1 200 OK\r\n\r\n", "$x\r\n", "$-2\r\n", ":1x\r\n", "$3\r\nabcde\r\n", "+OK\rX",
                            "\r\n", "$9223372036854775808\r\n"}) {
    const auto status = get_from([&](Peer& peer) { peer.send(noise); });
    EXPECT_EQ(status, AUTHD_CORRUPT) << noise;
  }
}

TEST(RedisWire, TakesNoValueOfAnotherTypeForAnAnswer) {
  for (const char* odd : {"*2\r\n$1\r\na\r\n$1\r\nb\r\n", ":42\r\n", "*0\r\n", "*-1\r\n", "+OK\r\n"})
    EXPECT_EQ(get_from([&](Peer& peer) {
                peer.send(odd);
                peer.hang();
              }),
              AUTHD_NOT_FOUND)
        << odd;
}

TEST(RedisWire, QuotesNothingOfAnErrorBeyondItsCode) {
  std::string why;
  EXPECT_EQ(get_from(
                [](Peer& peer) {
                  peer.send("-ERR unknown command, with args beginning with: 'the-secret'\r\n");
                  peer.hang();
                },
                &why),
            AUTHD_UNAVAILABLE);
  EXPECT_NE(why.find("ERR"), std::string::npos) << why;
  EXPECT_EQ(why.find("the-secret"), std::string::npos) << why;
}

TEST(RedisWire, IsNotTriedAnewForEachCallWhileItIsDown) {
  ConnectionServer server([](Peer&) {}); // accepts and closes
  Tier tier("redis://127.0.0.1:" + std::to_string(server.port()));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(tier.get("k"), AUTHD_UNAVAILABLE);
  EXPECT_LT(server.accepted(), 100u);
}

TEST(RedisWire, UsesNoConnectionOnWhichBytesAreLeft) {
  ConnectionServer server([](Peer& peer) {
    std::string buffer;
    while (const auto command = read_command(peer, buffer))
      peer.send(*command == "PING" ? "+PONG\r\n" : "$-1\r\n-NOAUTH left over\r\n");
  });
  Tier tier("redis://127.0.0.1:" + std::to_string(server.port()));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(tier.get("k"), AUTHD_NOT_FOUND) << tier.why();
}

TEST(RedisWire, ConnectsAnewAfterTheServerBecameAReplica) {
  std::atomic<bool> failed_over{false}; // the name leads to another server then
  ConnectionServer server([&](Peer& peer) {
    const bool replica = !failed_over;
    std::string buffer;
    while (const auto command = read_command(peer, buffer)) {
      if (*command == "PING") peer.send("+PONG\r\n");
      if (*command == "EVALSHA") peer.send(replica ? "-READONLY no writes here\r\n" : ":1\r\n");
    }
  });
  Tier tier("redis://127.0.0.1:" + std::to_string(server.port()), {{"/retry_delay", std::int64_t{50}}});
  failed_over = true;
  EXPECT_TRUE(tier.drop("k")) << tier.why();
}

TEST(RedisWire, RepeatsAtOnceWhatAReusedConnectionWasClosedOn) {
  ConnectionServer server([](Peer& peer) {
    std::string buffer;
    bool answered = false;
    while (const auto command = read_command(peer, buffer)) {
      if (*command == "PING") peer.send("+PONG\r\n");
      if (*command == "GETRANGE" && std::exchange(answered, true)) return;
      if (*command == "GETRANGE") peer.send("$-1\r\n");
    }
  });
  Tier tier("redis://127.0.0.1:" + std::to_string(server.port()), {{"/retry_delay", std::int64_t{5000}}});
  tier.limit(seconds(2)); // shorter than the pause before an ordinary retry
  for (int i = 0; i < 5; ++i) EXPECT_EQ(tier.get("k"), AUTHD_NOT_FOUND) << tier.why();
}

TEST(RedisWire, UsesNoServerThatASentinelWronglyCallsMaster) {
  RedisServer replica;
  replica.run({"REPLICAOF", "127.0.0.1", std::to_string(free_port())});
  ConnectionServer sentinel([&](Peer& peer) {
    const std::string port = std::to_string(replica.port());
    std::string buffer;
    while (read_command(peer, buffer))
      peer.send("*2\r\n$9\r\n127.0.0.1\r\n$" + std::to_string(port.size()) + "\r\n" + port + "\r\n");
  });
  Tier tier("redis+sentinel://127.0.0.1:" + std::to_string(sentinel.port()) + "/main");
  EXPECT_EQ(tier.get("k"), AUTHD_UNAVAILABLE);
  EXPECT_NE(tier.why().find("not the master"), std::string::npos) << tier.why();
  replica.run({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(tier.await(AUTHD_NOT_FOUND, [&] { return tier.get("k"); })) << tier.why();
}

TEST(RedisWire, LetsNoServerQuoteThePassword) {
  ConnectionServer server([](Peer& peer) {
    std::string buffer;
    while (read_command(peer, buffer)) peer.send("-ERR AUTH the-password is wrong\r\n");
  });
  Tier tier("redis://127.0.0.1:" + std::to_string(server.port()), {{"/password", std::string("the-password")}});
  EXPECT_EQ(tier.get("k"), AUTHD_DENIED);
  EXPECT_EQ((tier.why() + tier.host().everything_logged()).find("the-password"), std::string::npos);
}

} // namespace
} // namespace authd::test
