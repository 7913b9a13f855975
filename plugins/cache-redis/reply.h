// SPDX-License-Identifier: Apache-2.0
// What Redis answers, read with bounds that Poco's own reader has not: `$1500000000` makes that one
// allocate 1.5 GB, and ten thousand `*1` overflow its stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <Poco/Redis/RedisStream.h>
#include <Poco/Redis/Type.h>

namespace authd::cache_redis {

using Reply = Poco::Redis::RedisType::Ptr;

inline constexpr std::size_t kMostBulkBytes = 1024 * 1024 + 64; // the largest value and its header
inline constexpr std::size_t kMostReplyBytes = 8 * 1024 * 1024; // all of one reply
inline constexpr std::size_t kMostReplyElements = 65536;
inline constexpr int kDeepestReply = 8;
inline constexpr std::size_t kLongestLine = 64 * 1024;

// The announced answer exceeds a bound; nothing of the excess was read.
struct OversizedReply : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// What came is not RESP 2.
struct MalformedReply : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws those two, and what the stream throws. The stream's exceptions must be on.
Reply read_reply(Poco::Redis::RedisInputStream& input);

// Views into a reply; empty or nothing when it is of another type.
std::string_view text_of(const Reply& reply); // bulk or simple string; empty for a null bulk string too
bool is_text(const Reply& reply);             // one that is not null
std::optional<std::int64_t> integer_of(const Reply& reply);
const std::string* error_of(const Reply& reply); // "CODE message"; nullptr: it is no error
std::vector<Reply> elements_of(const Reply& reply);
// Of an array of integers alone.
std::optional<std::vector<std::int64_t>> integers_of(const Reply& reply);

} // namespace authd::cache_redis
