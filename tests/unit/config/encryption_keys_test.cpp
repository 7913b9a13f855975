// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "config/cache_key.h"
#include "config/describe/describing.h"
#include "fixture.h"

namespace authd::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kRedisTier = "[[cache]]\n[[cache]]\nplugin = \"cache-redis\"\n";

class EncryptionKeys : public ConfigTest {
 protected:
  Loaded load_keys(const std::string& value, const EnvironmentVariables& variables = {}) {
    return load_with_required("[lookup]\nencryption_keys = " + value + "\n", variables);
  }
  std::vector<std::string> keys_of(Loaded loaded) {
    std::vector<std::string> keys;
    for (const Secret& key : config_of(std::move(loaded)).lookup.encryption_keys) keys.emplace_back(key.reveal());
    return keys;
  }
};

TEST_F(EncryptionKeys, AreDecodedInTheirOrder) {
  EXPECT_THAT(keys_of(load_keys("[\"" + cache_key('b') + "\", \"" + cache_key('a') + "\"]")),
              ElementsAre(raw_key('b'), raw_key('a')));
  EXPECT_THAT(keys_of(load_keys("\"" + cache_key('b') + ", " + cache_key('a') + "\"")),
              ElementsAre(raw_key('b'), raw_key('a')));
  EXPECT_THAT(keys_of(load_keys("[]")), IsEmpty());
}

TEST_F(EncryptionKeys, MayHoldAnyBytes) {
  for (int byte : {0x00, 0x7f, 0x80, 0xf8, 0xff}) {
    const char c = static_cast<char>(byte);
    EXPECT_THAT(keys_of(load_keys("[\"" + cache_key(c) + "\"]")), ElementsAre(raw_key(c)));
  }
}

TEST_F(EncryptionKeys, ComeFromTheirVariable) {
  EXPECT_THAT(keys_of(load_keys("[]", {{"AUTHD_CACHE_KEYS", cache_key('b') + "," + cache_key('a')}})),
              ElementsAre(raw_key('b'), raw_key('a')));
}

TEST_F(EncryptionKeys, MayEachBeAReference) {
  write("old", cache_key('a') + "\n");
  const EnvironmentVariables variables{{"NEW", cache_key('b')}, {"CREDENTIALS_DIRECTORY", folder_.string()}};
  EXPECT_THAT(keys_of(load_keys("[\"${env:NEW}\", \"${credential:old}\"]", variables)),
              ElementsAre(raw_key('b'), raw_key('a')));
  EXPECT_THAT(keys_of(load_keys("\"${env:NEW},${file:old}\"", variables)), ElementsAre(raw_key('b'), raw_key('a')));
  write("both", cache_key('b') + "," + cache_key('a') + "\n");
  EXPECT_THAT(keys_of(load_keys("\"${file:both}\"", variables)), ElementsAre(raw_key('b'), raw_key('a')));
}

TEST_F(EncryptionKeys, AreRefusedWithoutBeingPrinted) {
  const std::string good = cache_key('a');
  for (const std::string& wrong :
       {good.substr(0, 43), good.substr(0, 40), good + good, "A" + good, "-" + good.substr(1), "_" + good.substr(1),
        good.substr(0, 42) + "F=", good.substr(0, 42) + "==", good.substr(0, 20) + "=" + good.substr(21),
        std::string("Pl4nt3dS3cr3t")}) {
    SCOPED_TRACE(wrong);
    const auto problems = problems_of(load_keys("[\"" + good + "\", \"" + wrong + "\"]"));
    EXPECT_THAT(problems,
                ElementsAre("authd.toml:7:" + std::to_string(68) +
                            ": lookup.encryption_keys[1]: the value is not the base64 of 32 bytes, as `openssl "
                            "rand -base64 32` prints it"));
    EXPECT_THAT(problems_of(load_keys("[]", {{"AUTHD_CACHE_KEYS", wrong}})),
                ElementsAre("AUTHD_CACHE_KEYS: lookup.encryption_keys[0]: the value is not the base64 of 32 bytes, "
                            "as `openssl rand -base64 32` prints it"));
  }
}

TEST_F(EncryptionKeys, AreNotShown) {
  Config config = config_of(load_keys("[\"" + cache_key('a') + "\"]"));
  EXPECT_THAT(show(config), Not(HasSubstr(cache_key('a'))));
  EXPECT_EQ(shown_at(config, "lookup.encryption_keys"), "[\"[redacted]\"]");
}

TEST_F(EncryptionKeys, AreMissedWhereATierIsOutsideTheProcess) {
  schemas_["acme-cache"] = R"({"type":"object"})";
  const std::string warning = "lookup.encryption_keys: not set, so ";
  EXPECT_THAT(config_of(load_with_required(kRedisTier)).warnings,
              ElementsAre(HasSubstr(warning + "cache-redis may store secrets unencrypted")));
  EXPECT_THAT(config_of(load_with_required("[[cache]]\nplugin = \"acme-cache\"\n")).warnings,
              ElementsAre(HasSubstr(warning + "acme-cache may store secrets unencrypted")));
  EXPECT_THAT(config_of(load_with_required("[[cache]]\nplugin = \"cache-memory\"\n")).warnings, IsEmpty());
  EXPECT_THAT(config_of(load_with_required(kRedisTier, {{"AUTHD_CACHE_KEYS", cache_key('a')}})).warnings, IsEmpty());
}

class EncryptionKeysInProduction : public ConfigTest {
 protected:
  Loaded load_production(const std::string& tiers, const std::string& waivers, EnvironmentVariables variables = {}) {
    variables.insert({{"AUTHD_ENV", "production"},
                      {"AUTHD_TRUSTED_GATEWAYS", "10.0.0.0/8"},
                      {"REDIS_ENABLED", "false"},
                      {"REDIS_URL", "rediss://redis.example.com:6379"}});
    return load_with_required("[security]\nwaivers = [" + waivers + "]\n[lookup]\n" + tiers, variables);
  }
};

TEST_F(EncryptionKeysInProduction, AreRequiredForATierOutsideTheProcess) {
  EXPECT_THAT(problems_of(load_production(kRedisTier, "")),
              ElementsAre(HasSubstr("authd.toml:8:1: lookup.encryption_keys: is required in production, because "
                                    "cache-redis may store secrets outside this process")));
  EXPECT_THAT(config_of(load_production("[[cache]]\n", "")).warnings, IsEmpty());
  EXPECT_THAT(config_of(load_production(kRedisTier, "", {{"AUTHD_CACHE_KEYS", cache_key('a')}})).warnings, IsEmpty());
}

TEST_F(EncryptionKeysInProduction, AreMissedButOnceWhenTheyAreWrong) {
  EXPECT_THAT(problems_of(load_production(kRedisTier, "", {{"AUTHD_CACHE_KEYS", "x"}})),
              ElementsAre(HasSubstr("AUTHD_CACHE_KEYS: lookup.encryption_keys[0]: the value is not the base64")));
}

TEST_F(EncryptionKeysInProduction, MayBeDoneWithout) {
  EXPECT_THAT(config_of(load_production(kRedisTier, "\"lookup.encryption_keys\"")).warnings,
              ElementsAre(HasSubstr("[waived by security.waivers]")));
}

} // namespace
} // namespace authd::config
