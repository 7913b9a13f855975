// SPDX-License-Identifier: Apache-2.0
#include "announcement.h"

#include <algorithm>
#include <stdexcept>

#include <Poco/DigestEngine.h>
#include <openssl/rand.h>

namespace authd::cache_redis {
namespace {

constexpr std::size_t kIdDigits = 16;
constexpr std::size_t kKeyAt = kIdDigits + 3;

bool is_id(std::string_view text) {
  return text.size() == kIdDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

} // namespace

std::string new_instance_id() {
  Poco::DigestEngine::Digest bytes(kIdDigits / 2);
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw std::runtime_error("the system has no randomness");
  return Poco::DigestEngine::digestToHex(bytes);
}

std::string announce_key(std::string_view instance, std::string_view key) {
  return std::string(instance) + " k " + std::string(key);
}

std::string announce_all(std::string_view instance) { return std::string(instance) + " a"; }

std::optional<Announcement> parse_announcement(std::string_view message) {
  const std::string_view instance = message.substr(0, std::min(kIdDigits, message.size()));
  if (!is_id(instance)) return std::nullopt;
  if (message.substr(kIdDigits) == " a") return Announcement{instance, std::nullopt};
  if (message.substr(kIdDigits, 3) != " k " || message.size() == kKeyAt) return std::nullopt;
  return Announcement{instance, message.substr(kKeyAt)};
}

} // namespace authd::cache_redis
