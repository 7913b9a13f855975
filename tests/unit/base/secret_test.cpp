// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <gtest/gtest.h>

namespace authd {
namespace {

TEST(Secret, LeavesNothingBehindWhenMovedFrom) {
  Secret from(std::string("short"));
  const Secret to(std::move(from));
  EXPECT_EQ(to.reveal(), "short");
  EXPECT_TRUE(from.empty()); // NOLINT: the moved-from state is what is tested
}

TEST(Secret, WipesTheOldValueWhenAssigned) {
  Secret secret(std::string("0123456789abcdef0123456789abcdef"));
  const char* bytes = secret.reveal().data();
  secret = Secret(std::string("new"));
  // The buffer is reused for the shorter value, so that the old tail can be looked at.
  EXPECT_EQ(secret.reveal(), "new");
  EXPECT_EQ(std::string_view(bytes + 4, 4), std::string_view("\0\0\0\0", 4));
}

TEST(WithoutUrlCredentials, HidesWhatStandsBeforeTheHost) {
  EXPECT_EQ(without_url_credentials("redis://:pw@h:1/0"), "redis://[redacted]@h:1/0");
  EXPECT_EQ(without_url_credentials("http://admin:it's@kong:8001"), "http://[redacted]@kong:8001");
  EXPECT_EQ(without_url_credentials("GET https://u:p@w@h/x failed, http://a:b@c too"),
            "GET https://[redacted]@h/x failed, http://[redacted]@c too");
}

TEST(WithoutUrlCredentials, LeavesOtherTextAlone) {
  for (const std::string_view text : {"", "://", "http://h/a@b", "mail a@b", "http://h?q=@", "http://h me@work"})
    EXPECT_EQ(without_url_credentials(text), text);
}

} // namespace
} // namespace authd
