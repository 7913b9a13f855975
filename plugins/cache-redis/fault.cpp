// SPDX-License-Identifier: Apache-2.0
#include "fault.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace authd::cache_redis {
namespace {

using sdk::Status;

struct Meaning {
  std::string_view code;
  Fault::Kind kind;
  Status status;
  std::string_view message;
};

constexpr Meaning kMeanings[] = {
    {"NOAUTH", Fault::Kind::refused, Status::denied, "Redis asks for a password: set password"},
    {"WRONGPASS", Fault::Kind::refused, Status::denied, "Redis refuses the log-in: check username and password"},
    {"NOPERM", Fault::Kind::refused, Status::denied,
     "the Redis user may not do this: it needs +get +eval +evalsha +set +getrange +strlen +unlink +scan "
     "+publish +subscribe, the keys and the channel of docs/plugin-cache-redis.md; check username"},
    {"DENIED", Fault::Kind::refused, Status::denied,
     "Redis is in protected mode: set a password in Redis and in authd"},
    {"READONLY", Fault::Kind::misdirected, Status::unavailable, "this Redis is a read-only replica"},
    {"MASTERDOWN", Fault::Kind::misdirected, Status::unavailable, "this Redis is a replica without its master"},
    {"CLUSTERDOWN", Fault::Kind::misdirected, Status::unavailable, "the Redis cluster is down"},
    {"TRYAGAIN", Fault::Kind::misdirected, Status::unavailable, "the Redis cluster is moving this key"},
    {"LOADING", Fault::Kind::refused, Status::unavailable, "Redis is loading its data"},
    {"OOM", Fault::Kind::refused, Status::unavailable, "Redis is full (maxmemory)"},
    {"MISCONF", Fault::Kind::refused, Status::unavailable, "Redis cannot write to its disk and refuses writes"},
    {"NOREPLICAS", Fault::Kind::refused, Status::unavailable, "Redis has too few replicas to accept writes"},
    {"BUSY", Fault::Kind::refused, Status::unavailable, "Redis is busy with a script"},
    {"MOVED", Fault::Kind::refused, Status::unavailable,
     "this Redis is part of a cluster: use redis+cluster:// in url"},
    {"ASK", Fault::Kind::refused, Status::unavailable, "this Redis is part of a cluster: use redis+cluster:// in url"},
};

// Codes are upper-case words by convention; what else comes first might be part of a command.
bool is_code(std::string_view word) {
  return !word.empty() && word.size() <= 32 &&
         std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
}

// What Redis says behind the code, in one line. It quotes commands and scripts, and those hold secrets: of what
// stands in quotes only a command's name is kept, and nothing of its arguments.
std::string words_of(std::string_view error) {
  constexpr std::size_t kMost = 200;
  error = error.substr(0, error.find(", with args"));
  std::string words;
  for (std::size_t i = 0; i < error.size() && words.size() <= kMost; ++i) {
    const char c = error[i];
    const std::size_t end = c == '\'' || c == '`' || c == '"' ? error.find(c, i + 1) : std::string_view::npos;
    if (end == std::string_view::npos) {
      words += c < ' ' || c > '~' ? '?' : c;
      continue;
    }
    const std::string_view quoted = error.substr(i + 1, end - i - 1);
    words.append(1, c).append(is_code(quoted) ? quoted : "...").append(1, c);
    i = end;
  }
  if (words.size() > kMost) words.replace(kMost, std::string::npos, "...");
  return words;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

} // namespace

std::string_view error_code(std::string_view error) { return error.substr(0, error.find(' ')); }

Fault classify_error(std::string_view error) {
  const std::string_view code = error_code(error);
  for (const Meaning& meaning : kMeanings)
    if (meaning.code == code) return {meaning.kind, meaning.status, std::string(meaning.message), std::string(code)};
  if (!is_code(code)) return {Fault::Kind::refused, Status::unavailable, "Redis answered an error", ""};
  const std::string words = words_of(error.substr(code.size()));
  return {Fault::Kind::refused, Status::unavailable, "Redis answered " + std::string(code) + words, std::string(code)};
}

// "MOVED 3999 127.0.0.1:6381"; an IPv6 host has no brackets: the last colon counts.
std::optional<Redirection> parse_redirection(std::string_view error) {
  const std::string_view code = error_code(error);
  if (code != "MOVED" && code != "ASK") return std::nullopt;
  std::string_view rest = error.substr(std::min(code.size() + 1, error.size()));
  const auto blank = rest.find(' ');
  const auto colon = rest.rfind(':');
  if (blank == std::string_view::npos || colon == std::string_view::npos || colon < blank) return std::nullopt;
  const auto slot = parse_number<std::uint16_t>(rest.substr(0, blank));
  const auto port = parse_number<std::uint16_t>(rest.substr(colon + 1));
  if (!slot || *slot > 16383 || !port || *port == 0) return std::nullopt;
  std::string host(rest.substr(blank + 1, colon - blank - 1));
  if (host == "?") host.clear();
  return Redirection{code == "ASK", *slot, {std::move(host), std::to_string(*port)}};
}

} // namespace authd::cache_redis
