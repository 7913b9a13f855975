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
  shown.digest_ = pipeline::hex_of_first<8>(pipeline::sha256("authd user:", name));
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
