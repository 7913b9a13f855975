// SPDX-License-Identifier: Apache-2.0
#include "plugin/refusal.h"

#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fixtures.h"

namespace authd::plugin {

TEST(Refusal, EndsInItsCode) {
  EXPECT_EQ(refusal(RefusalCode::abi_version, "acme.so", "needs plugin ABI 1.4, this authd provides 1.2",
                    "Use an authd with ABI 1.4 or newer")
                .line,
            "acme.so: needs plugin ABI 1.4, this authd provides 1.2. Use an authd with ABI 1.4 or newer. [AP-012]");
}

TEST(Refusal, HasARowInTheDocumentationForEachCode) {
  const std::string manual = test::read_file(AUTHD_SOURCE_DIR "/docs/plugins.md");
  std::set<std::string> codes;
  for (const auto& row : kRefusals) {
    EXPECT_NE(manual.find(fmt::format("| {} | {} |", code_of(row.code), row.title)), std::string::npos)
        << code_of(row.code) << " " << row.title;
    codes.insert(code_of(row.code));
  }
  EXPECT_EQ(codes.size(), kRefusals.size());
  EXPECT_EQ(kRefusals.size(), static_cast<std::size_t>(RefusalCode::written_over)) << "a code without a row";
}

} // namespace authd::plugin
