// SPDX-License-Identifier: Apache-2.0
#include "fault_rules.h"

#include <algorithm>
#include <array>

namespace authd::test {
namespace {

constexpr const char* kNoSuchCell = nullptr;

bool is_distrusted(const Cell& c) { return c.copy == CopyState::suspect || c.copy == CopyState::doubtful; }
bool is_in_time(const Cell& c) { return c.copy == CopyState::fresh || c.copy == CopyState::due; }
bool redis_holds_it(const Cell& c) { return c.redis == RedisState::full || c.redis == RedisState::read_only; }
bool any(const Cell&) { return true; }

struct Rule {
  const char* says;
  bool (*holds)(const Cell& cell);
  const char* answer;
};

// The first that holds.
constexpr std::array kRules{
    Rule{"without Redis there is no channel whose loss could make a copy suspect",
         [](const Cell& c) { return c.redis == RedisState::none && is_distrusted(c); }, kNoSuchCell},
    Rule{"a copy from before Redis came back is suspect, however young it is",
         [](const Cell& c) { return c.redis == RedisState::returning && is_in_time(c); }, kNoSuchCell},
    Rule{"fresh, due and suspect copies sign at once; due and suspect ones are asked for in the background",
         [](const Cell& c) { return is_in_time(c) || c.copy == CopyState::suspect; }, "200 old key"},
    Rule{"else a tier is asked first, and its fresh copy signs whatever Kong does", redis_holds_it, "200 old key"},
    Rule{"then Kong, whose newest credential signs", [](const Cell& c) { return c.kong == KongState::up; },
         "200 new key"},
    Rule{"a consumer that Kong does not know is refused, and every copy dropped",
         [](const Cell& c) { return c.kong == KongState::forgetful; }, "401 AUTH_002"},
    Rule{"when Kong cannot say, the stale or suspect copy signs",
         [](const Cell& c) { return c.copy != CopyState::gone; }, "200 old key"},
    Rule{"without a copy the client is asked to wait: until the breaker lets a call through",
         [](const Cell& c) { return c.breaker_open; }, "503 AUTH_005"},
    Rule{"or because Kong fails, hangs or asked for a pause", any, "503 AUTH_004"},
};

struct BreakerRule {
  const char* says;
  bool (*holds)(KongState kong);
  const char* state;
};

constexpr std::array kBreakerRules{
    BreakerRule{
        "what Kong answers keeps the breaker closed: a token, Not found, and a pause, which is neither "
        "success nor failure",
        [](KongState k) { return k == KongState::up || k == KongState::forgetful || k == KongState::rate_limited; },
        "closed"},
    BreakerRule{"what fails opens it: no connection, no answer in time, 500", [](KongState) { return true; }, "open"},
};

const Rule& deciding(const Cell& cell) {
  for (const Rule& rule : kRules) {
    if (rule.holds(cell)) return rule;
  }
  return kRules.back();
}

} // namespace

std::optional<std::string> answer_by_rule(const Cell& cell) {
  const char* answer = deciding(cell).answer;
  return answer == kNoSuchCell ? std::nullopt : std::optional<std::string>(answer);
}

// A Redis does not say how many copies it holds, so that one which answers may hold some.
std::string readiness_by_rule(KongState kong, RedisState redis, const std::vector<CopyState>& copies) {
  const bool kong_answers = kong == KongState::up || kong == KongState::forgetful;
  const bool redis_answers = redis != RedisState::none && redis != RedisState::frozen;
  const bool has_copies = std::any_of(copies.begin(), copies.end(), [](CopyState c) { return c != CopyState::gone; });
  return kong_answers || redis_answers || has_copies ? "ready" : "not ready";
}

std::string health_by_rule(KongState kong, RedisState redis) {
  const bool kong_is_well = kong == KongState::up || kong == KongState::forgetful;
  const bool redis_is_well = redis != RedisState::frozen && redis != RedisState::read_only;
  return kong_is_well && redis_is_well ? "healthy" : "degraded";
}

// Whoever was asked for in the background stands as if it had been asked for first.
std::optional<std::string> later_answer_by_rule(Cell cell) {
  if (cell.copy == CopyState::due || cell.copy == CopyState::suspect) cell.copy = CopyState::stale;
  return answer_by_rule(cell);
}

std::string breaker_by_rule(KongState kong) {
  for (const BreakerRule& rule : kBreakerRules) {
    if (rule.holds(kong)) return rule.state;
  }
  return "none";
}

std::string_view rule_for(const Cell& cell) { return deciding(cell).says; }

std::string_view name_of(KongState state) {
  constexpr std::array names{"KongUp", "KongSlow", "KongRateLimited", "KongFailing", "KongRefused", "KongForgetful"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view name_of(RedisState state) {
  constexpr std::array names{"NoRedis", "RedisFull", "RedisEmpty", "RedisFrozen", "RedisReadOnly", "RedisReturning"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view name_of(CopyState state) {
  constexpr std::array names{"fresh", "due", "suspect", "doubtful", "stale", "gone"};
  return names[static_cast<std::size_t>(state)];
}

std::string text_of(const Cell& cell) {
  std::string out(name_of(cell.kong));
  out.append(", ").append(name_of(cell.redis)).append(", copy ").append(name_of(cell.copy));
  return out + (cell.breaker_open ? ", breaker open" : "");
}

} // namespace authd::test
