// SPDX-License-Identifier: Apache-2.0
#include "entry.h"

#include <Poco/SHA2Engine.h>

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

} // namespace authd::cache_redis
