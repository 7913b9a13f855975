// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "support/localhost.h"
#include "support/redis_server.h"
#include "tier_fixture.h"
#include "tls_files.h"

namespace authd::test {
namespace {

std::vector<std::string> tls_arguments(const TlsFiles& files, std::uint16_t port) {
  return {"--tls-port", std::to_string(port), "--tls-cert-file", files.certificate(),  "--tls-key-file",
          files.key(),  "--tls-ca-cert-file", files.ca(),        "--tls-auth-clients", "no"};
}

class RedisTls : public testing::Test {
 protected:
  static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); } // as authd does; OpenSSL writes by write(2)

  TlsFiles files_;
  std::uint16_t port_ = free_port();
  RedisServer redis_{tls_arguments(files_, port_)};

  std::string url(const std::string& host) const { return "rediss://" + host + ":" + std::to_string(port_); }
  Settings trusting(const std::string& ca) const { return {{"/ca_file", ca}}; }
};

TEST_F(RedisTls, CarriesEverythingOnceTheServerIsVerified) {
  for (const std::string& host : loopback_hosts()) {
    Tier tier(url(host), trusting(files_.ca()));
    const std::string value(1024 * 1024, 'v');
    ASSERT_EQ(tier.set("k", value), AUTHD_OK) << tier.why();
    ASSERT_EQ(tier.get("k"), AUTHD_OK) << tier.why();
    EXPECT_TRUE(tier.value() == value);
    Tier other(url(host), trusting(files_.ca()));
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(other.drop(std::to_string(i)));
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(tier.tiers().await_invalidated(std::to_string(i)));
    EXPECT_EQ(tier.clear(""), AUTHD_OK) << tier.why();
  }
}

// Redis sends all of it at once, in one TLS record; poll(2) sees nothing of what OpenSSL has already taken
// from the socket. Five of these messages fill the stream's buffer of 1020 bytes exactly.
TEST_F(RedisTls, LeavesNoMessageInAHalfReadRecord) {
  Tier tier(url("127.0.0.1"), trusting(files_.ca()));
  const std::string many = "for i = 1, 75 do redis.call('PUBLISH', 'authd:v1:invalidate', "
                           "'0123456789abcdef k ' .. string.rep('0', 131) .. string.format('%03d', i)) end return 1";
  const auto pings = [&] {
    const std::string stats = redis_.run({"INFO", "commandstats"});
    return stats.substr(stats.find("cmdstat_ping:calls="), 25);
  };
  const std::string before = pings();
  ASSERT_EQ(redis_.run({"EVAL", many, "0"}), "1");
  EXPECT_TRUE(tier.tiers().await_invalidated(std::string(131, '0') + "075"));
  EXPECT_EQ(pings(), before); // which one that waits for more would send after two seconds
  EXPECT_EQ(tier.tiers().resyncs(), 0);
}

TEST_F(RedisTls, RefusesAnAuthorityThatIsNotTrusted) {
  const TlsFiles others;
  Tier tier(url("127.0.0.1"), trusting(others.ca()));
  EXPECT_EQ(tier.get("k"), AUTHD_UNAVAILABLE);
  EXPECT_NE(tier.why().find("certificate"), std::string::npos) << tier.why();
  Tier system(url("127.0.0.1"));
  EXPECT_EQ(system.get("k"), AUTHD_UNAVAILABLE);
  EXPECT_NE(system.why().find("certificate"), std::string::npos) << system.why();
}

TEST_F(RedisTls, IsNotSpokenToAServerThatSpeaksPlainText) {
  Tier tier("rediss://127.0.0.1:" + std::to_string(redis_.port()), trusting(files_.ca()));
  EXPECT_EQ(tier.get("k"), AUTHD_UNAVAILABLE);
  Tier plain("redis://127.0.0.1:" + std::to_string(port_));
  EXPECT_NE(plain.get("k"), AUTHD_OK);
}

TEST_F(RedisTls, SurvivesAFrozenServer) {
  Tier tier(url("127.0.0.1"), trusting(files_.ca()));
  ASSERT_EQ(tier.set("k", "v"), AUTHD_OK) << tier.why();
  redis_.freeze();
  tier.limit(milliseconds(100));
  for (int i = 0; i < 20; ++i) {
    const Stopwatch watch;
    EXPECT_NE(tier.get("k"), AUTHD_OK);
    EXPECT_LT(watch.elapsed(), seconds(3));
  }
  redis_.thaw();
  tier.limit(seconds(5));
  EXPECT_TRUE(tier.await(AUTHD_OK, [&] { return tier.get("k"); }));
}

TEST(RedisTlsName, MustBeTheOneThatWasAskedFor) {
  const TlsFiles files("DNS:redis.example");
  const std::uint16_t port = free_port();
  RedisServer redis(tls_arguments(files, port));
  for (const std::string& host : loopback_hosts()) {
    Tier tier("rediss://" + host + ":" + std::to_string(port), {{"/ca_file", files.ca()}});
    EXPECT_EQ(tier.get("k"), AUTHD_UNAVAILABLE);
    EXPECT_NE(tier.why().find("certificate"), std::string::npos) << tier.why();
  }
}

TEST(RedisTlsAuthorities, ThatCannotBeReadRefuseThePlugin) {
  Tier tier("rediss://127.0.0.1", {{"/ca_file", std::string("/nowhere/ca.pem")}}, false);
  EXPECT_EQ(tier.host().create(), AUTHD_INVALID);
  EXPECT_EQ(tier.host().lifecycle_call().setting, "/ca_file");
}

} // namespace
} // namespace authd::test
