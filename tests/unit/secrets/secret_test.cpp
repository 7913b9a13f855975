// SPDX-License-Identifier: Apache-2.0
#include "secrets/secret.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include "secrets/key_memory.h"

namespace authd {
namespace {

const KeyMemory key_memory = set_up_key_memory();

TEST(Secret, LeavesNothingBehindWhenMovedFrom) {
  Secret from(std::string("short"));
  const Secret to(std::move(from));
  EXPECT_EQ(to.reveal(), "short");
  EXPECT_TRUE(from.empty()); // NOLINT: the moved-from state is what is tested
}

// Its pages stay mapped, so what was given back can be looked at; the first bytes have the allocator's links.
std::string_view left_of(const Secret& secret) { return secret.reveal().substr(16); }

TEST(Secret, IsWipedWhenItIsReplacedMovedOverOrCleared) {
  const std::string text = "0123456789abcdef0123456789abcdef0123456789abcdef";
  Secret replaced{std::string(text)}, moved_over{std::string(text)}, cleared{std::string(text)};
  const std::string_view places[] = {left_of(replaced), left_of(moved_over), left_of(cleared)};
  for (const std::string_view place : places) ASSERT_EQ(place, text.substr(16));
  const Secret other(std::string("new"));
  replaced = other;
  moved_over = Secret(std::string("new"));
  cleared.clear();
  for (const std::string_view place : places) EXPECT_EQ(place.find("abcdef"), place.npos) << place;
  EXPECT_EQ(replaced.reveal(), "new");
  EXPECT_EQ(moved_over.reveal(), "new");
  EXPECT_EQ(other.reveal(), "new");
  EXPECT_TRUE(cleared.empty());
}

TEST(Secret, OfItselfAssignedStaysWhatItIs) {
  Secret secret(std::string("it"));
  const Secret& same = secret;
  secret = same;
  EXPECT_EQ(secret.reveal(), "it");
}

TEST(KeyMemory, HoldsSecretsInItsPages) {
  const Secret secret(std::string("of a few bytes"));
  EXPECT_TRUE(CRYPTO_secure_allocated(secret.reveal().data()));
}

TEST(KeyMemory, IsNoLimitToSecrets) {
  std::vector<Secret> more_than_there_are_pages;
  for (std::size_t bytes = 0; bytes <= key_memory.size_bytes; bytes += 256 * 1024)
    more_than_there_are_pages.emplace_back(std::string(256 * 1024, 'x'));
  EXPECT_EQ(more_than_there_are_pages.back().reveal(), std::string(256 * 1024, 'x'));
  EXPECT_FALSE(CRYPTO_secure_allocated(more_than_there_are_pages.back().reveal().data()));
}

TEST(KeyMemory, HasRoomForTheKeysOfAllConnectionsThatAreAllowedByDefault) {
  constexpr std::size_t kMiB = 1024 * 1024;
  EXPECT_GE((KeyMemory{4 * kMiB, true, 8 * kMiB}.tls_connections()), 10'000U);
  EXPECT_EQ((KeyMemory{0, false, 0}.tls_connections()), 0U);
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
