// SPDX-License-Identifier: Apache-2.0
#include "warm.h"

#include <cstdio>
#include <utility>

#include <gtest/gtest.h>

namespace authd::test {
namespace {

// Whose signature is computed anew: one of so many answers, or the load would be that of the test itself.
constexpr std::size_t kLookAtOneOf = 7;

} // namespace

Warm::Warm(const std::string& redis_url, std::size_t size, std::string_view memory_ttl, std::string_view redis_ttl,
           unsigned connections)
    : crowd(size), kong(kong_with(crowd)),
      authd(config_for(*kong, {memory_tier(memory_ttl), redis_tier(redis_url, redis_ttl)}), {}) {
  begin(connections);
}

Warm::Warm(Crowd those, std::unique_ptr<FakeKong> their_kong, std::string_view toml)
    : crowd(std::move(those)), kong(std::move(their_kong)), authd(toml, {}) {
  begin();
}

void Warm::begin(unsigned connections) {
  authd.await_ready();
  const LoadReport warming = ask_each({authd.port()}, crowd.ids);
  EXPECT_EQ(warming.failed(), 0u) << warming.text();
  Load::Options options{{authd.port()}, crowd.ids, connections};
  options.look = [this](std::size_t consumer, const HttpReply& reply) {
    if (reply.status != 200 || answers_++ % kLookAtOneOf != 0) return;
    ++looked_at_;
    const std::string& id = crowd.ids[consumer];
    if (key_in(reply) != Crowd::key_of(id) || !is_signed_with(reply, Crowd::secret_of(id))) ++wrong_;
  };
  load = std::make_unique<Load>(std::move(options));
  before = run("before", std::chrono::seconds(2));
}

LoadReport Warm::run(const char* when, milliseconds duration) {
  load->go_on(duration);
  return report(when);
}

LoadReport Warm::report(const char* when) {
  const LoadReport seen = load->take();
  const std::size_t looked_at = looked_at_.exchange(0);
  const std::size_t wrong = wrong_.exchange(0);
  std::printf("  %-34s %s; %zu of %zu secrets wrong\n", when, seen.text().c_str(), wrong, looked_at);
  EXPECT_EQ(seen.failed(), 0u) << when;
  EXPECT_EQ(wrong, 0u) << when;
  return seen;
}

} // namespace authd::test
