// SPDX-License-Identifier: Apache-2.0
// A gateway behind a name with several addresses of which one is dead. The resolver is the test's, preloaded;
// such a library does not go with a sanitizer.
#include <csignal>

#include "scene.h"
#include "support/dead_addresses.h"

namespace authd::test {
namespace {

// Of what would never end.
constexpr std::chrono::seconds kFarUnder{20};

// Kong on 127.0.0.1, and nothing on the same port of 127.0.0.2, which the name has first.
struct DeadFirstAddress {
  FakeKong kong;
  BlackHole hole{"127.0.0.2", kong.port()};

  std::string url() const { return "http://kong.test:" + std::to_string(kong.port()); }
};

Environment resolving(const std::string& hosts) {
  return {{"LD_PRELOAD", NAMED_HOSTS_LIBRARY}, {"NAMED_HOSTS", hosts}};
}

// connect_timeout is as it comes, 5 s: half of that for each address is more than a request waits.
TEST(Addresses, ThatAreDeadCostNoRequestItsTokenAndOpenNoBreaker) {
  DeadFirstAddress gateway;
  AuthdProcess authd(
      Settings(gateway.url()).set_text("breaker", "timeout", "1s").set_text("breaker", "reset_timeout", "30s"),
      resolving("kong.test=127.0.0.2,127.0.0.1"));
  authd.await_ready();
  int tokens = 0;
  for (int i = 0; i < 8; ++i) {
    const std::string name = "consumer-" + std::to_string(i);
    const std::string id = gateway.kong.add_consumer(name);
    gateway.kong.add_credential(id, {name + "-key", kAliceSecret});
    tokens += get(authd.port(), "/tokens", consumer_headers(id, name)).status == 200;
  }
  EXPECT_EQ(tokens, 8);
  authd.child().signal(SIGTERM);
  ASSERT_TRUE(authd.child().await_exit(kFarUnder)); // its log is whole
  EXPECT_TRUE(authd.events("breaker-moved").empty());
}

TEST(Addresses, ThatAreNeverFoundHoldUpNeitherARequestNorTheExit) {
  AuthdProcess authd(Settings("http://kong.test:8001"), resolving("kong.test=hang"));
  authd.await_ready();
  const HttpReply reply = get(authd.port(), "/tokens", kAlice);
  EXPECT_EQ(reply.status, 503);
  EXPECT_LT(reply.took, kFarUnder);
  authd.child().signal(SIGTERM);
  EXPECT_EQ(authd.child().await_exit(kFarUnder), 0);
}

} // namespace
} // namespace authd::test
