// SPDX-License-Identifier: Apache-2.0
#include "config/units.h"

#include <gtest/gtest.h>

namespace authd::config {
namespace {

constexpr Unit kTime = Unit::milliseconds;
constexpr Unit kSize = Unit::bytes;

TEST(Quantities, AreANumberAndAUnit) {
  EXPECT_EQ(parse_quantity("500ms", kTime), 500);
  EXPECT_EQ(parse_quantity("30s", kTime), 30'000);
  EXPECT_EQ(parse_quantity("15m", kTime), 900'000);
  EXPECT_EQ(parse_quantity("2h", kTime), 7'200'000);
  EXPECT_EQ(parse_quantity("0s", kTime), 0);
  EXPECT_EQ(parse_quantity("10B", kSize), 10);
  EXPECT_EQ(parse_quantity("16KiB", kSize), 16'384);
  EXPECT_EQ(parse_quantity("1MiB", kSize), 1'048'576);
  EXPECT_EQ(parse_quantity("2GiB", kSize), 2'147'483'648);
}

TEST(Quantities, AreRefusedInAnyOtherForm) {
  for (const char* text : {"", "5", "ms", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5s", "1h30m", "5S", "5w", "5KiB",
                           "9223372036854775807h", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_quantity(text, kTime)) << text;
  }
  for (const char* text : {"16KB", "16k", "16kib", "5s", "9223372036854775807KiB"}) {
    EXPECT_FALSE(parse_quantity(text, kSize)) << text;
  }
}

TEST(Quantities, ArePrintedInTheLargestWholeUnit) {
  EXPECT_EQ(print_quantity(24 * 3'600'000, kTime), "24h") << "a day is not said in days";
  EXPECT_EQ(print_quantity(30 * 24 * 3'600'000LL, kTime), "30d");
  EXPECT_EQ(parse_quantity("30d", kTime), 30 * 24 * 3'600'000LL);
  EXPECT_EQ(print_quantity(49 * 3'600'000, kTime), "49h");
  EXPECT_EQ(print_quantity(0, kTime), "0s");
  EXPECT_EQ(print_quantity(500, kTime), "500ms");
  EXPECT_EQ(print_quantity(90'000, kTime), "90s");
  EXPECT_EQ(print_quantity(3'600'000, kTime), "1h");
  EXPECT_EQ(print_quantity(0, kSize), "0B");
  EXPECT_EQ(print_quantity(1000, kSize), "1000B");
  EXPECT_EQ(print_quantity(16'384, kSize), "16KiB");
}

TEST(VariableUnits, AreSaidByTheName) {
  EXPECT_EQ(unit_of_variable("CACHE_TTL_SECONDS", kTime).scale, 1000);
  EXPECT_EQ(unit_of_variable("JWT_EXPIRATION_MINUTES", kTime).scale, 60'000);
  EXPECT_EQ(unit_of_variable("RETRY_DELAY_MS", kTime).scale, 1);
  EXPECT_EQ(unit_of_variable("CIRCUIT_BREAKER_TIMEOUT", kTime).scale, 1);
}

} // namespace
} // namespace authd::config
