// SPDX-License-Identifier: Apache-2.0
// Consumer ids that try to be something else: none reaches another path in Kong, none hurts others.
#include <algorithm>
#include <set>

#include "scene.h"

namespace authd::test {
namespace {

// "/consumers/<one segment without anything that ends or climbs out of it>[/jwt[?offset=..]]"
bool stays_in_its_segment(const std::string& target) {
  if (target == "/status") return true;
  constexpr std::string_view kPrefix = "/consumers/";
  if (!target.starts_with(kPrefix)) return false;
  const std::string rest = target.substr(kPrefix.size());
  const std::string segment = rest.substr(0, rest.find('/'));
  const std::string tail = rest.substr(segment.size());
  const bool plain =
      !segment.empty() && segment != "." && segment != ".." && segment.find_first_of("?#;\\ \"") == std::string::npos;
  return plain &&
         (tail.empty() || tail == "/jwt" || tail.starts_with("/jwt?size=") || tail.starts_with("/jwt?offset="));
}

const std::vector<std::string> kHostile{
    "a/../b",   "../status",  "..",      ".",     "../../status", "x?y=1#z",  "%2e%2e",
    "%2e%2e/x", "..%2f..%2f", "a%00b",   "a;b=c", "a\\..\\b",     "a b",      "/",
    "//",       "a#b",        "jwt",     "%",     "%zz",          "\xc3\xbc", "😀",
    "a\"b",     "a'b",        "status?", "a/jwt", "victim/jwt",   "*",        "~",
};

TEST(HostileIds, ReachNoOtherPathInKong) {
  Scene scene;
  scene.kong.add_consumer("b");
  scene.kong.add_credential("b", {"b-key", "s"});
  scene.kong.add_consumer("victim");
  scene.kong.add_credential("victim", {"victim-key", "s"});
  for (const std::string& id : kHostile) {
    const HttpReply reply = scene.tokens(consumer_headers(id, "mallory"));
    EXPECT_EQ(reply.status, 401) << id;
    EXPECT_EQ(code_of(reply), "AUTH_002") << id;
  }
  for (const std::string& target : scene.kong.traffic().targets) {
    EXPECT_TRUE(stays_in_its_segment(target)) << target;
  }
}

TEST(HostileIds, FindTheConsumerThatIsReallyCalledThat) {
  Scene scene;
  for (const std::string& id : {std::string("a/b"), std::string("x?y=1#z"), std::string("%2e%2e")}) {
    scene.kong.add_consumer(id);
    scene.kong.add_credential(id, {"key of " + id, "s"});
    EXPECT_EQ(scene.tokens(consumer_headers(id, "u")).status, 200) << id;
  }
}

TEST(HostileIds, AreRefusedWhenNoHeaderMayHoldThem) {
  const Scene scene;
  EXPECT_EQ(code_of(scene.tokens(consumer_headers(std::string(300, 'a'), "u"))), "AUTH_007");
  EXPECT_EQ(code_of(scene.tokens(consumer_headers(std::string(257, 'a'), "u"))), "AUTH_007");
  EXPECT_EQ(code_of(scene.tokens(consumer_headers("\xed\xa0\x80", "u"))), "AUTH_007"); // a surrogate
  for (const std::string& id : {std::string("a\x01") + "b", std::string("a\x7f") + "b", std::string("a\tb"),
                                std::string("a\0b", 3), std::string("a\rb"), std::string("a\nb")}) {
    EXPECT_EQ(scene.tokens(consumer_headers(id, "u")).status, 400);
  }
  Headers twice = consumer_headers("a", "u");
  twice.emplace_back("x-consumer-id", "a");
  EXPECT_EQ(code_of(scene.tokens(twice)), "AUTH_007");
  twice = consumer_headers("a", "u");
  twice.emplace_back("X-Consumer-Username", "v");
  EXPECT_EQ(code_of(scene.tokens(twice)), "AUTH_007");
  EXPECT_EQ(scene.kong.traffic().total(), 0u);
}

TEST(HostileIds, InTheUnderscoreSpellingCountForNothing) {
  const Scene scene;
  const HttpReply reply = scene.tokens({{"X_Consumer_ID", kAliceId}, {"X_Consumer_Username", "alice"}});
  EXPECT_EQ(code_of(reply), "AUTH_001");
}

TEST(HostileIds, NeverOpenTheBreakerForOthers) {
  Scene scene;
  // Distinct ids, so that no answer is remembered. Those with ".." need not reach Kong at all.
  for (int i = 0; i < 100; ++i) {
    const std::string id = (i % 2 == 0 ? "../../x" : "x?y#") + std::to_string(i);
    EXPECT_EQ(code_of(scene.tokens(consumer_headers(id, "mallory"))), "AUTH_002");
  }
  EXPECT_GE(scene.kong.traffic().total(), 50u);
  EXPECT_EQ(scene.tokens().status, 200);
  EXPECT_TRUE(scene.authd.events("breaker-moved").empty());
}

TEST(HostileIds, ThatKongRefusesNeverOpenTheBreakerForOthers) {
  Scene scene;
  scene.kong.set_fault({KongFault::Kind::html_400});
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(code_of(scene.tokens(consumer_headers("odd-" + std::to_string(i), "mallory"))), "AUTH_002");
  }
  scene.kong.clear_faults();
  EXPECT_EQ(scene.tokens().status, 200);
  EXPECT_TRUE(scene.authd.events("breaker-moved").empty());
}

} // namespace
} // namespace authd::test
