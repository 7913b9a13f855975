// SPDX-License-Identifier: Apache-2.0
#include "net/address.h"

#include <gtest/gtest.h>

#include "net/connector.h"
#include "net/name_lookup.h"
#include "support/dead_addresses.h"

namespace authd::net {
namespace {

using std::chrono::seconds;
using test::numeric;

const Endpoint kName{"name.test", "80"};

Addresses addresses(std::initializer_list<const char*> ips) {
  Addresses out;
  for (const char* ip : ips) out.push_back(numeric(ip, 80));
  return out;
}

std::string text_of(const Addresses& addresses) {
  std::string text;
  for (const Address& address : addresses) text += (text.empty() ? "" : " ") + address.text();
  return text;
}

TEST(Address, IsWrittenAsInUrls) {
  EXPECT_EQ(numeric("127.0.0.1", 8001).text(), "127.0.0.1:8001");
  EXPECT_EQ(numeric("::1", 80).text(), "[::1]:80");
  EXPECT_EQ(Address::of_unix_socket("/run/x.sock")->text(), "/run/x.sock");
}

TEST(Address, IsTheSameForTheSameHostAndPort) {
  EXPECT_EQ(numeric("127.0.0.1", 80), numeric("127.0.0.1", 80));
  EXPECT_NE(numeric("127.0.0.1", 80), numeric("127.0.0.1", 81));
  EXPECT_NE(numeric("127.0.0.1", 80), numeric("::ffff:127.0.0.1", 80));
}

TEST(Address, RefusesAPathThatNoUnixSocketCanHave) {
  EXPECT_TRUE(Address::of_unix_socket("/" + std::string(106, 'x')));
  EXPECT_FALSE(Address::of_unix_socket("/" + std::string(107, 'x')));
  EXPECT_FALSE(address_of_literal({"/" + std::string(107, 'x'), ""})->has_value());
}

TEST(Address, IsNoLiteralWhenItIsAName) {
  EXPECT_TRUE(address_of_literal({"127.0.0.1", "80"}));
  EXPECT_TRUE(address_of_literal({"::1", "80"}));
  EXPECT_TRUE(address_of_literal({"/run/x.sock", ""}));
  EXPECT_FALSE(address_of_literal({"localhost", "80"}));
}

// RFC 8305, section 4.
TEST(AddressOrder, AlternatesTheFamiliesAndKeepsTheOrderOfEach) {
  EXPECT_EQ(text_of(interleaved(addresses({"::1", "::2", "::3", "127.0.0.1", "127.0.0.2"}))),
            "[::1]:80 127.0.0.1:80 [::2]:80 127.0.0.2:80 [::3]:80");
  EXPECT_EQ(text_of(interleaved(addresses({"127.0.0.2", "::1", "127.0.0.1"}))), "127.0.0.2:80 [::1]:80 127.0.0.1:80");
  EXPECT_EQ(text_of(interleaved(addresses({"127.0.0.2", "127.0.0.1"}))), "127.0.0.2:80 127.0.0.1:80");
  EXPECT_TRUE(interleaved({}).empty());
}

class Memory : public testing::Test {
 protected:
  std::string order(SteadyTime now, const Endpoint& of = kName) {
    return text_of(memory_.ordered(of, addresses({"127.0.0.1", "127.0.0.2", "127.0.0.3"}), now));
  }

  static constexpr const char* kAsItWas = "127.0.0.1:80 127.0.0.2:80 127.0.0.3:80";
  const Address first_ = numeric("127.0.0.1", 80);
  const Address last_ = numeric("127.0.0.3", 80);
  const SteadyTime now_ = SteadyClock::now();
  AddressMemory memory_;
};

TEST_F(Memory, PutsTheAddressThatAnsweredLastFirst) {
  EXPECT_EQ(order(now_), kAsItWas);
  memory_.answered(kName, last_, now_);
  EXPECT_EQ(order(now_ + seconds(3600)), "127.0.0.3:80 127.0.0.1:80 127.0.0.2:80");
  EXPECT_EQ(order(now_, {"other.test", "80"}), kAsItWas);
  memory_.answered(kName, first_, now_);
  EXPECT_EQ(order(now_), kAsItWas);
}

TEST_F(Memory, PutsAnAddressThatFailedLastForAWhile) {
  memory_.failed(kName, first_, now_);
  EXPECT_EQ(order(now_ + seconds(59)), "127.0.0.2:80 127.0.0.3:80 127.0.0.1:80");
  EXPECT_EQ(order(now_ + AddressMemory::kFailedFor), kAsItWas);
}

TEST_F(Memory, PrefersAnAddressNoLongerThanItWorks) {
  memory_.answered(kName, last_, now_);
  memory_.failed(kName, last_, now_);
  EXPECT_EQ(order(now_), kAsItWas);
  memory_.failed(kName, first_, now_);
  EXPECT_EQ(order(now_), "127.0.0.2:80 127.0.0.1:80 127.0.0.3:80");
  memory_.answered(kName, first_, now_);
  EXPECT_EQ(order(now_), "127.0.0.1:80 127.0.0.2:80 127.0.0.3:80");
}

TEST_F(Memory, ForgetsTheNameThatWasUsedLongestAgo) {
  memory_.failed(kName, first_, now_);
  for (std::size_t i = 1; i <= AddressMemory::kMostNames; ++i)
    order(now_ + milliseconds(i), {std::to_string(i) + ".test", "80"});
  EXPECT_EQ(order(now_ + seconds(1)), kAsItWas);
}

} // namespace
} // namespace authd::net
