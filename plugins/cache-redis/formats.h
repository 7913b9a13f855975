// SPDX-License-Identifier: Apache-2.0
// What authd writes into Redis: the value under a key, and the messages that its instances send each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace authd::cache_redis {

// --- values: all of one stands under its key, so that one command writes it whole
//
//   offset  0  "authd" 0x01       the writer
//           6  'v' or 't'         value or tombstone
//           7  0
//           8  u64, big-endian    fresh until, Unix time in ms      (a tombstone ends before this)
//          16  8 bytes            the first of SHA-256 over key, the 16 bytes above, payload
//          24  payload
//
// How long it may be used stale is the key's own time to live. The sum covers the key, so that a value
// that was answered for another key, or changed on its way, is never taken for this one's.

inline constexpr std::string_view kMagic{"authd\x01", 6};
inline constexpr std::string_view kTombstone{"authd\x01t\0", 8};
inline constexpr std::size_t kHeaderBytes = 24;

std::string encode_entry(std::string_view key, std::string_view payload, std::int64_t fresh_until_ms);

struct Entry {
  enum class Kind { value, tombstone, garbage };
  Kind kind = Kind::garbage;
  std::int64_t fresh_until_ms = 0;
  std::string_view payload; // into `stored`
};
Entry decode_entry(std::string_view key, std::string_view stored);

// --- messages over Redis' publish/subscribe: the sender, then what is gone
//
//   0123456789abcdef k authd:v1:42     this key
//   0123456789abcdef a                 everything

inline constexpr std::string_view kChannel = "authd:v1:invalidate";

std::string new_instance_id(); // 16 random hexadecimal digits

std::string announce_key(std::string_view instance, std::string_view key);
std::string announce_all(std::string_view instance);

struct Announcement {
  std::string_view instance;
  std::optional<std::string_view> key; // none: everything
};
// Views into the message; nothing when it is none of ours.
std::optional<Announcement> parse_announcement(std::string_view message);

} // namespace authd::cache_redis
