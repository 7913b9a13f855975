// SPDX-License-Identifier: Apache-2.0
#include "support/numbered_consumers.h"

#include <charconv>
#include <cstdint>
#include <string>

#include <fmt/format.h>

namespace authd::test {
namespace {

struct Kind {
  std::string_view id_prefix;
  std::string_view username_prefix;
};
constexpr Kind kConsumers{"5eed0000-0000-4000-8000-", "consumer-"};
constexpr Kind kNewcomers{"5eed0000-0000-4000-9000-", "newcomer-"};
constexpr std::int64_t kCreatedAt = 1'700'000'000; // the same in every answer, as a database has it

std::optional<std::uint64_t> number_after(std::string_view prefix, std::string_view text, int base) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> number_of(const Kind& kind, std::string_view id_or_username) {
  return is_uuid(id_or_username) ? number_after(kind.id_prefix, id_or_username, 16)
                                 : number_after(kind.username_prefix, id_or_username, 10);
}

KongConsumer consumer_of(const Kind& kind, std::uint64_t number) {
  return {fmt::format("{}{:012x}", kind.id_prefix, number),
          fmt::format("{}{}", kind.username_prefix, number),
          kCreatedAt,
          {}};
}

} // namespace

std::optional<KongConsumer> numbered_consumer(std::string_view id_or_username) {
  if (const auto newcomer = number_of(kNewcomers, id_or_username)) return consumer_of(kNewcomers, *newcomer);
  const auto number = number_of(kConsumers, id_or_username);
  if (!number) return std::nullopt;
  KongCredential credential{fmt::format("key-{:028}", *number), fmt::format("secret-{:032}", *number)};
  credential.id = fmt::format("c0de0000-0000-4000-8000-{:012x}", *number);
  credential.created_at = kCreatedAt;
  KongConsumer consumer = consumer_of(kConsumers, *number);
  consumer.credentials.emplace(credential.id, std::move(credential));
  return consumer;
}

} // namespace authd::test
