// SPDX-License-Identifier: Apache-2.0
// What instances of authd tell each other over Redis' publish/subscribe: the sender, then what is gone.
//   0123456789abcdef k authd:v1:42     this key
//   0123456789abcdef a                 everything
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace authd::cache_redis {

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
