// SPDX-License-Identifier: Apache-2.0
// Tiers in Redis: how variables add one, and what is different about it.
#include <gmock/gmock.h>

#include "fixture.h"

namespace authd::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr milliseconds kMinute{60'000};

class RedisTier : public ConfigTest {
 protected:
  RedisTier() { variables_ = {{"REDIS_ENABLED", "true"}, {"AUTHD_CACHE_KEYS", cache_key('k')}}; }

  std::vector<std::string> tiers_of(const std::string& text) {
    std::vector<std::string> names;
    for (const Tier& tier : config_of(load_with_required(text, variables_)).cache) names.push_back(tier.name);
    return names;
  }

  EnvironmentVariables variables_;
};

TEST_F(RedisTier, IsAddedBehindTheOthersByItsVariable) {
  EXPECT_THAT(tiers_of(""), ElementsAre("cache-memory", "cache-redis"));
  EXPECT_THAT(tiers_of("[[cache]]\nname = \"a\"\n[[cache]]\nname = \"b\"\n"), ElementsAre("a", "b", "cache-redis"));
  variables_["REDIS_ENABLED"] = "false";
  EXPECT_THAT(tiers_of(""), ElementsAre("cache-memory"));
}

TEST_F(RedisTier, IsNotAddedToOneThatIsThere) {
  EXPECT_THAT(tiers_of("[[cache]]\nplugin = \"cache-redis\"\nname = \"shared\"\n"), ElementsAre("shared"));
  schemas_["/opt/authd/cache-redis.so"] = schemas_["cache-redis"];
  EXPECT_THAT(tiers_of("[[cache]]\nplugin = \"/opt/authd/cache-redis.so\"\nname = \"shared\"\n"),
              ElementsAre("shared"));
}

TEST_F(RedisTier, TakesItsSettingsFromThePluginsVariables) {
  variables_.insert({{"REDIS_URL", "rediss://redis.example.com:6380"}, {"REDIS_DB", "3"}, {"CACHE_TTL_SECONDS", "90"}});
  const Config config = config_of(load_with_required("", variables_));
  const Tier& redis = config.cache.at(1);
  EXPECT_EQ(redis.plugin, "cache-redis");
  EXPECT_EQ(redis.settings.values.at("/url").text.reveal(), "rediss://redis.example.com:6380");
  EXPECT_EQ(redis.settings.values.at("/db").integer, 3);
  EXPECT_EQ(redis.ttl, milliseconds(90'000));
  EXPECT_EQ(shown_at(config, "cache[1].plugin"), "\"cache-redis\"");
}

TEST_F(RedisTier, ReportsItsProblemsAtItsVariables) {
  variables_["REDIS_DB"] = "16";
  EXPECT_THAT(problems_of(load_with_required("", variables_)),
              ElementsAre("REDIS_DB: cache[1].db: 16 is above the maximum of 15"));
  variables_["REDIS_ENABLED"] = "yes";
  EXPECT_THAT(problems_of(load_with_required("", variables_)),
              ElementsAre("REDIS_ENABLED: expected true or false, got \"yes\""));
  variables_ = {{"REDIS_ENABLED", "1"}};
  schemas_.erase("cache-redis");
  EXPECT_THAT(problems_of(load_with_required("", variables_)),
              ElementsAre("REDIS_ENABLED: cache[1].plugin: cache-redis.so: no such file [AP-001]"));
}

TEST_F(RedisTier, KeepsStaleCopiesForTwoHoursUnlessToldOtherwise) {
  const auto stale = [&](const std::string& text) {
    return config_of(load_with_required(text, variables_)).cache.at(1).stale;
  };
  EXPECT_EQ(stale(""), 120 * kMinute);
  EXPECT_EQ(config_of(load_with_required("", variables_)).cache.at(0).stale, 30 * kMinute);
  const std::string tier = "[[cache]]\n[[cache]]\nplugin = \"cache-redis\"\n";
  EXPECT_EQ(stale(tier), 120 * kMinute);
  EXPECT_EQ(stale(tier + "stale = \"5m\"\n"), 5 * kMinute);
  variables_["STALE_DATA_TOLERANCE_MINUTES"] = "45";
  EXPECT_EQ(stale(tier), 45 * kMinute);
}

TEST_F(RedisTier, SaysHowLongARequestWaitsForIt) {
  const std::string tier = "[[cache]]\n[[cache]]\nplugin = \"cache-redis\"\n";
  EXPECT_EQ(config_of(load_with_required(tier, variables_)).cache.at(1).read_timeout, milliseconds(50));
  const Config config = config_of(load_with_required(tier + "read_timeout = \"20ms\"\n", variables_));
  EXPECT_EQ(config.cache.at(1).read_timeout, milliseconds(20));
  EXPECT_EQ(config.cache.at(0).read_timeout, milliseconds(50));
  EXPECT_EQ(config.cache.at(1).settings.values.count("/read_timeout"), 0U) << "it is the host's";
}

TEST_F(RedisTier, IsReachedInProductionOnlyWhereNobodyListensIn) {
  variables_.insert({{"AUTHD_ENV", "production"}, {"AUTHD_TRUSTED_GATEWAYS", "10.0.0.0/8"}});
  for (const char* url : {"rediss://redis.example.com", "rediss+sentinel://a,b/master", "unix:///run/redis.sock"}) {
    variables_["REDIS_URL"] = url;
    EXPECT_THAT(config_of(load_with_required("", variables_)).warnings, IsEmpty()) << url;
  }
  for (const char* url : {"redis://:Pl4nt3d@redis.example.com", "Rediss://redis.example.com", "rediss", ""}) {
    variables_["REDIS_URL"] = url;
    EXPECT_THAT(problems_of(load_with_required("", variables_)),
                ElementsAre(HasSubstr("cache[1].url: production refuses this scheme; use rediss://, "
                                      "rediss+sentinel://, unix://; or waive it: security.waivers = "
                                      "[\"cache.cache-redis.url\"]")))
        << url;
  }
  const Config waived =
      config_of(load_with_required("[security]\nwaivers = [\"cache.cache-redis.url\"]\n", variables_));
  EXPECT_THAT(waived.warnings, ElementsAre(HasSubstr("cache.cache-redis.url: production refuses this scheme")));
}

class HighAvailability : public ConfigTest {};

TEST_F(HighAvailability, IsSetByItsVariable) {
  EXPECT_FALSE(config_of(load_with_required("")).high_availability);
  const Config config = config_of(load_with_required(
      "", {{"HIGH_AVAILABILITY", "true"}, {"REDIS_ENABLED", "true"}, {"AUTHD_CACHE_KEYS", cache_key('k')}}));
  EXPECT_TRUE(config.high_availability);
  EXPECT_EQ(config.cache.at(1).stale, 120 * kMinute);
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST_F(HighAvailability, AddsNoTierAndSaysSo) {
  const Config config = config_of(load_with_required("", {{"HIGH_AVAILABILITY", "true"}}));
  EXPECT_EQ(config.cache.size(), 1U);
  EXPECT_THAT(config.warnings, ElementsAre(HasSubstr("HIGH_AVAILABILITY: it adds no tier")));
}

} // namespace
} // namespace authd::config
