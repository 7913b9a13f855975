// SPDX-License-Identifier: Apache-2.0
#include "endpoints/rate_limit_fields.h"

#include <map>
#include <string>

#include <gmock/gmock.h>

#include "base/clock.h"

namespace authd::endpoints {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

config::RateLimit limit(std::int64_t max_requests, milliseconds window) {
  config::RateLimit settings;
  settings.max_requests = max_requests;
  settings.window = window;
  return settings;
}

RateVerdict verdict(std::int64_t limit, std::int64_t remaining, milliseconds next, milliseconds whole) {
  RateVerdict verdict;
  verdict.limit = limit;
  verdict.remaining = remaining;
  verdict.next = next;
  verdict.whole = whole;
  return verdict;
}

std::map<std::string, std::string> fields(const RateLimitFields& fields, const RateVerdict& verdict) {
  std::map<std::string, std::string> map;
  for (const http::HeaderField& field : fields.of(verdict)) map[std::string(field.name)] = field.value;
  return map;
}

TEST(RateLimitFields, SayThePolicyAndWhatIsLeft) {
  const RateLimitFields of(limit(100, seconds(60)));
  EXPECT_THAT(
      fields(of, verdict(100, 7, milliseconds(401), seconds(56))),
      ElementsAre(Pair("RateLimit", "\"default\";r=7;t=1"), Pair("RateLimit-Policy", "\"default\";q=100;w=60")));
}

TEST(RateLimitFields, OfWhatWasNotCountedAreNone) {
  EXPECT_THAT(fields(RateLimitFields(limit(100, seconds(60))), RateVerdict{}), IsEmpty());
}

// draft-ietf-httpapi-ratelimit-headers has whole seconds.
TEST(RateLimitFields, RoundTimesUp) {
  const auto map = fields(RateLimitFields(limit(1, milliseconds(1500))), verdict(1, 0, milliseconds(1001), seconds(2)));
  EXPECT_EQ(map.at("RateLimit-Policy"), "\"default\";q=1;w=2");
  EXPECT_EQ(map.at("RateLimit"), "\"default\";r=0;t=2");
}

TEST(RateLimitFields, HaveTheOlderTripleIfItIsAskedFor) {
  config::RateLimit settings = limit(1'000'000'000, seconds(86'400));
  settings.legacy_headers = true;
  const std::int64_t before = unix_seconds(wall_now());
  const auto map =
      fields(RateLimitFields(settings), verdict(1'000'000'000, 999'999'999, seconds(86'400), seconds(86'400)));
  EXPECT_EQ(map.size(), 5U);
  EXPECT_EQ(map.at("RateLimit"), "\"default\";r=999999999;t=86400");
  EXPECT_EQ(map.at("X-RateLimit-Limit"), "1000000000");
  EXPECT_EQ(map.at("X-RateLimit-Remaining"), "999999999");
  const std::int64_t reset = std::stoll(map.at("X-RateLimit-Reset"));
  EXPECT_GE(reset, before + 86'400);
  EXPECT_LE(reset, unix_seconds(wall_now()) + 86'401);
}

TEST(RateLimitFields, ARefusalSaysWhenToComeAgain) {
  RateVerdict refused = verdict(5, 0, milliseconds(1), seconds(1));
  refused.allowed = false;
  const Error error = RateLimitFields(limit(5, seconds(1))).refusal(refused);
  EXPECT_EQ(error.code, Code::rate_limited);
  EXPECT_EQ(error.retry_after, seconds(1)) << "never 0, which would mean at once";
  EXPECT_EQ(error.reason, "counted by this instance");
  refused.shared = true;
  EXPECT_EQ(RateLimitFields(limit(5, seconds(1))).refusal(refused).reason, "counted over all instances");
}

} // namespace
} // namespace authd::endpoints
