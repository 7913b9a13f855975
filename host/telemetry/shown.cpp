// SPDX-License-Identifier: Apache-2.0
#include "telemetry/shown.h"

#include "base/random.h"
#include "pipeline/consumer.h"
#include "pipeline/hmac.h"

namespace authd::telemetry {

std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

Shown::Name Shown::user_name(std::string_view name) const {
  Name shown;
  shown.name_ = cut(name, pipeline::kMaxIdentityBytes);
  shown.is_digest_ = hashes_names_ && !name.empty();
  if (!shown.is_digest_) return shown;
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto digest = pipeline::sha256("authd user:", name);
  for (std::size_t i = 0; i < shown.digest_.size(); ++i) {
    const auto byte = static_cast<unsigned char>(digest[i / 2]);
    shown.digest_[i] = kDigits[i % 2 == 0 ? byte >> 4 : byte & 0xF];
  }
  return shown;
}

Shown::Name Shown::user_id(std::string_view id) const {
  if (!is_uuid(id)) return user_name(id);
  Name shown;
  shown.name_ = id;
  return shown;
}

IpAddress::Text Shown::address(const IpAddress& address) const {
  return (truncates_addresses_ ? address.truncated() : address).text();
}

} // namespace authd::telemetry
