// SPDX-License-Identifier: Apache-2.0
// What /tokens answers, and where the breaker stands, for each state of Kong, of Redis and of the consumer's
// copy: the rules of docs/lookup.md as one table, with which the product of faults compares authd.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace authd::test {

enum class KongState {
  up,
  slow,         // answers long after breaker.timeout
  rate_limited, // 429 with Retry-After
  failing,      // 500, as with its database down
  refused,      // nobody listens
  forgetful,    // 404 Not found: the consumer is gone
};
enum class RedisState {
  none,      // no such tier
  full,      // holds a fresh copy
  empty,     // answers, holds nothing
  frozen,    // hangs
  read_only, // holds a fresh copy, refuses writes
  returning, // was down after all copies were made, came back empty
};
enum class CopyState {
  fresh,
  due,      // in the last fifth of its TTL
  suspect,  // confirmed before the channel was restored, which is less than lookup.suspect_grace ago
  doubtful, // the same, the grace is over
  stale,    // older than its TTL, within `stale`
  gone,     // this instance never had one
};

struct Cell {
  KongState kong;
  RedisState redis;
  CopyState copy;
  bool breaker_open = false;
};

// "200 old key": signed with what the tiers held before Kong's credential was rotated; "200 new key": with
// what Kong holds now; else status and code, "503 AUTH_004". nullopt: there is no such cell.
std::optional<std::string> answer_by_rule(const Cell& cell);
// Once whatever the first request has started in the background is done.
std::optional<std::string> later_answer_by_rule(Cell cell);
// "closed" or "open": of the breaker `gateway`, after more calls than it needs for a judgement.
std::string breaker_by_rule(KongState kong);
// "ready" or "not ready": whether somebody could be answered with a token. `copies`: those that this instance has.
std::string readiness_by_rule(KongState kong, RedisState redis, const std::vector<CopyState>& copies);
// The status of /health, if it is ready: "healthy" or "degraded".
std::string health_by_rule(KongState kong, RedisState redis);
// The rule that decides, for the messages of a failing test.
std::string_view rule_for(const Cell& cell);

std::string_view name_of(KongState state);
std::string_view name_of(RedisState state);
std::string_view name_of(CopyState state);
std::string text_of(const Cell& cell);
inline std::ostream& operator<<(std::ostream& out, KongState state) { return out << name_of(state); }
inline std::ostream& operator<<(std::ostream& out, RedisState state) { return out << name_of(state); }

} // namespace authd::test
