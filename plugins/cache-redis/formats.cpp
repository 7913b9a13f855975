// SPDX-License-Identifier: Apache-2.0
#include "formats.h"

#include <algorithm>
#include <stdexcept>

#include <Poco/DigestEngine.h>
#include <Poco/SHA2Engine.h>
#include <openssl/rand.h>

namespace authd::cache_redis {
namespace {

constexpr std::string_view kValue{"authd\x01v\0", 8};
constexpr std::size_t kTimeAt = 8;
constexpr std::size_t kSumAt = 16;
constexpr std::size_t kSumBytes = 8;

std::string big_endian(std::uint64_t number) {
  std::string bytes(8, '\0');
  for (std::size_t i = 8; i-- > 0; number >>= 8) bytes[i] = static_cast<char>(number & 0xff);
  return bytes;
}

std::uint64_t number_at(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

// The key's length goes first: no key and payload can be split in another way.
std::string sum_of(std::string_view key, std::string_view head, std::string_view payload) {
  Poco::SHA2Engine engine(Poco::SHA2Engine::SHA_256);
  engine.update(big_endian(key.size()));
  for (const std::string_view part : {key, head, payload}) engine.update(part.data(), part.size());
  const auto& digest = engine.digest();
  return {digest.begin(), digest.begin() + kSumBytes};
}

constexpr std::size_t kIdDigits = 16;
constexpr std::size_t kKeyAt = kIdDigits + 3;

bool is_id(std::string_view text) {
  return text.size() == kIdDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

} // namespace

std::string encode_entry(std::string_view key, std::string_view payload, std::int64_t fresh_until_ms) {
  std::string stored(kValue);
  stored += big_endian(static_cast<std::uint64_t>(fresh_until_ms));
  stored += sum_of(key, stored, payload);
  stored += payload;
  return stored;
}

Entry decode_entry(std::string_view key, std::string_view stored) {
  if (stored == kTombstone) return {Entry::Kind::tombstone, 0, {}};
  if (stored.size() < kHeaderBytes || stored.substr(0, kValue.size()) != kValue) return {};
  const std::string_view payload = stored.substr(kHeaderBytes);
  if (stored.substr(kSumAt, kSumBytes) != sum_of(key, stored.substr(0, kSumAt), payload)) return {};
  return {Entry::Kind::value, static_cast<std::int64_t>(number_at(stored.substr(kTimeAt))), payload};
}

std::string new_instance_id() {
  Poco::DigestEngine::Digest bytes(kIdDigits / 2);
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw std::runtime_error("the system provides no random bytes");
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
