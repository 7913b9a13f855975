// SPDX-License-Identifier: Apache-2.0
// The steps that must be atomic: Lua, run inside Redis, each on one key.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <Poco/Redis/Command.h>

namespace authd::cache_redis {

class Script {
 public:
  explicit Script(std::string_view lua);

  // By its digest, which Redis knows after the first time (else it answers NOSCRIPT), or by its text.
  Poco::Redis::Command by_digest(std::string_view key, std::initializer_list<std::string_view> args) const;
  Poco::Redis::Command by_text(std::string_view key, std::initializer_list<std::string_view> args) const;

 private:
  const std::string lua_;
  const std::string digest_; // SHA-1, as EVALSHA takes it
};

std::string sha1_hex(std::string_view bytes);

// ARGV: value, time to live in ms, tombstone. 1, or 0 when there was a tombstone, which stays.
const Script& store_script();

// ARGV: tombstone, its time to live in ms, channel, message. Replaces what is there by the tombstone and publishes the
// message. The sum of 1, unless there was no room for the tombstone and the key was only removed, and 2, if there was a
// value.
const Script& delete_script();

// ARGV: SHA-1 of the value that was read, most bytes. Removes that very value, or any string that is longer.
const Script& discard_script();

// ARGV: what the cost takes and what the whole limit takes, in microseconds. Answers whether it was allowed (1 or 0)
// and how long the key is busy, in microseconds.
const Script& take_script();

// Writes to the key and removes it: an error if Redis accepts no writes.
const Script& probe_script();

// ARGV: tombstone, magic. Removes the key, unless it is a tombstone; with a magic only what begins with it.
const Script& sweep_script();

} // namespace authd::cache_redis
