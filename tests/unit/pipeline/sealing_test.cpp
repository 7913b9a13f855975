// SPDX-License-Identifier: Apache-2.0
#include "pipeline/sealing.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

constexpr std::string_view kName = "authd:v1:consumer";
constexpr std::string_view kValue = "a credential record";

Secret key(char fill) { return Secret(std::string(Sealer::kKeyBytes, fill)); }

std::string sealed(const Sealer& sealer, std::string_view name = kName) {
  std::string envelope;
  sealer.seal(name, kValue, envelope);
  return envelope;
}

bool opens(const Sealer& sealer, std::string_view envelope, std::string_view name = kName) {
  std::string value;
  return sealer.open(name, envelope, value) == Sealer::Opened::value && value == kValue;
}

Sealer::Opened judged(const Sealer& sealer, std::string_view envelope, std::string_view name = kName) {
  std::string value;
  return sealer.open(name, envelope, value);
}

TEST(Sealer, OpensWhatItSealedAndShowsNothingOfIt) {
  const Sealer sealer({key('a')});
  const std::string envelope = sealed(sealer);
  EXPECT_TRUE(opens(sealer, envelope));
  EXPECT_EQ(envelope.find("credential"), std::string::npos);
  EXPECT_NE(envelope, sealed(sealer)); // a fresh nonce each time
}

TEST(Sealer, OpensWithEveryKeyOfTheListAndSealsWithTheFirst) {
  const Sealer old_only({key('a')});
  const Sealer rotated({key('b'), key('a')});
  EXPECT_TRUE(opens(rotated, sealed(old_only)));
  EXPECT_FALSE(opens(old_only, sealed(rotated)));
}

TEST(Sealer, RefusesUnknownKeysOtherNamesAndPlainValues) {
  const Sealer sealer({key('a')});
  const std::string envelope = sealed(sealer);
  EXPECT_FALSE(opens(Sealer({key('c')}), envelope));
  EXPECT_FALSE(opens(sealer, envelope, "authd:v1:somebody-else"));
  EXPECT_FALSE(opens(sealer, sealed(Sealer({}))));
  EXPECT_FALSE(opens(Sealer({}), envelope));
}

TEST(Sealer, TellsWhatOtherKeysWouldOpenFromGarbage) {
  const Sealer older({key('a')});
  const Sealer newer({key('b'), key('a')});
  const Sealer none({});
  EXPECT_EQ(judged(older, sealed(newer)), Sealer::Opened::other_keys);
  EXPECT_EQ(judged(none, sealed(newer)), Sealer::Opened::other_keys);
  EXPECT_EQ(judged(newer, sealed(none)), Sealer::Opened::other_keys);
  EXPECT_EQ(judged(newer, sealed(none), "authd:v1:somebody-else"), Sealer::Opened::garbage);
  EXPECT_EQ(judged(newer, sealed(older), "authd:v1:somebody-else"), Sealer::Opened::garbage);
  std::string garbled = sealed(older);
  garbled.back() = static_cast<char>(garbled.back() ^ 1);
  EXPECT_EQ(judged(newer, garbled), Sealer::Opened::garbage);
  for (const std::string& text :
       {std::string(), std::string("S"), std::string("B"), std::string("S") + "short", std::string(500, 'x')}) {
    for (const Sealer* sealer : {&older, &none}) EXPECT_EQ(judged(*sealer, text), Sealer::Opened::garbage) << text;
  }
}

TEST(Sealer, RefusesEveryTruncationAndEveryFlippedBit) {
  for (const Sealer& sealer : {Sealer({key('a')}), Sealer({})}) {
    const std::string envelope = sealed(sealer);
    for (std::size_t i = 0; i < envelope.size(); ++i) {
      EXPECT_FALSE(opens(sealer, envelope.substr(0, i))) << i;
      std::string flipped = envelope;
      flipped[i] = static_cast<char>(flipped[i] ^ 1);
      EXPECT_FALSE(opens(sealer, flipped)) << i;
    }
  }
}

TEST(Sealer, BindsAValueToItsNameEvenWithoutAKey) {
  const Sealer sealer({});
  const std::string envelope = sealed(sealer);
  EXPECT_TRUE(opens(sealer, envelope));
  EXPECT_FALSE(opens(sealer, envelope, "authd:v1:somebody-else"));
}

TEST(Sealer, WantsKeysOfThirtyTwoBytes) {
  std::vector<Secret> keys;
  keys.emplace_back(std::string(31, 'k'));
  EXPECT_THROW(Sealer{std::move(keys)}, std::invalid_argument);
}

} // namespace
} // namespace authd::pipeline
