// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cctype>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace authd {
namespace {

TEST(ErrorTable, NamesEveryCodeByItsNumber) {
  for (int n = 1; n <= 15; ++n) {
    const CodeInfo& info = describe(static_cast<Code>(n));
    EXPECT_EQ(info.code, fmt::format("AUTH_{:03}", n));
    EXPECT_EQ(info.type, fmt::format("urn:authd:problem:auth-{:03}", n));
  }
}

TEST(ErrorTable, GivesTheStatusesOfTheContract) {
  const int statuses[] = {401, 401, 500, 503, 503, 429, 400, 500, 401, 401, 400, 400, 404, 503, 403};
  for (int n = 1; n <= 15; ++n) EXPECT_EQ(describe(static_cast<Code>(n)).status, statuses[n - 1]) << n;
}

} // namespace
} // namespace authd
