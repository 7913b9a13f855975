// SPDX-License-Identifier: Apache-2.0
#include "tier_fixture.h"

#include <poll.h>

namespace authd::test {

bool eventually(const std::function<bool()>& condition, seconds at_most) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    ::poll(nullptr, 0, 20);
  }
  return true;
}

Tier::Tier(const std::string& url, Settings more, bool start)
    : host_(PLUGIN_FILE, [&] {
        more.emplace("/url", url);
        return std::move(more);
      }()) {
  host_.offer(AUTHD_TIERS_V1, tiers_.table());
  if (!start) return;
  EXPECT_EQ(host_.create(), AUTHD_OK) << host_.lifecycle_call().message;
  EXPECT_EQ(host_.start(), AUTHD_OK) << host_.lifecycle_call().message;
}

authd_status Tier::set(std::string_view key, std::string_view value, milliseconds ttl, milliseconds stale) {
  return ops().set(host_.self(), call_.abi(), str(key), bytes(value), ttl.count(), stale.count());
}

Tier::Health Tier::health() {
  TestOut detail, endpoint;
  authd_health report{sizeof report, AUTHD_HEALTH_UP, detail.abi(), endpoint.abi()};
  EXPECT_EQ(host_.component().lifecycle->health(host_.self(), call_.abi(), &report), AUTHD_OK);
  return {report.state, detail.bytes, endpoint.bytes};
}

} // namespace authd::test
