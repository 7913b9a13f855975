// SPDX-License-Identifier: Apache-2.0
#include "support/numbered_consumers.h"

#include <charconv>
#include <cstdint>
#include <string>

#include <fmt/format.h>

namespace authd::test {
namespace {

constexpr std::string_view kIdPrefix = "5eed0000-0000-4000-8000-";
constexpr std::string_view kUsernamePrefix = "consumer-";
constexpr std::int64_t kCreatedAt = 1'700'000'000; // the same in every answer, as a database has it

std::optional<std::uint64_t> number_after(std::string_view prefix, std::string_view text, int base) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

} // namespace

std::optional<KongConsumer> numbered_consumer(std::string_view id_or_username) {
  const auto number = is_uuid(id_or_username) ? number_after(kIdPrefix, id_or_username, 16)
                                              : number_after(kUsernamePrefix, id_or_username, 10);
  if (!number) return std::nullopt;
  KongCredential credential{fmt::format("key-{:028}", *number), fmt::format("secret-{:032}", *number)};
  credential.id = fmt::format("c0de0000-0000-4000-8000-{:012x}", *number);
  credential.created_at = kCreatedAt;
  KongConsumer consumer{fmt::format("{}{:012x}", kIdPrefix, *number),
                        fmt::format("{}{}", kUsernamePrefix, *number),
                        kCreatedAt,
                        {}};
  consumer.credentials.emplace(credential.id, std::move(credential));
  return consumer;
}

} // namespace authd::test
