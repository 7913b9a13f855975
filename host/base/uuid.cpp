// SPDX-License-Identifier: Apache-2.0
#include "base/uuid.h"

#include <cctype>

#include "base/secret.h"

namespace authd {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr bool is_dash_position(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

} // namespace

UuidSource::Text UuidSource::next() {
  if (used_ == pool_.size()) {
    stream_.draw(pool_.data(), pool_.size());
    used_ = 0;
  }
  std::uint8_t* bytes = pool_.data() + used_;
  used_ += kUuidBytes;
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40); // version 4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80); // variant of RFC 9562
  Text text;
  for (std::size_t i = 0, b = 0; i < text.size(); ++b) {
    if (is_dash_position(i)) text[i++] = '-';
    text[i++] = kHex[bytes[b] >> 4];
    text[i++] = kHex[bytes[b] & 15];
  }
  return text;
}

UuidSource::~UuidSource() { wipe(pool_.data(), pool_.size()); }

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool good = is_dash_position(i) ? text[i] == '-' : std::isxdigit(static_cast<unsigned char>(text[i]));
    if (!good) return false;
  }
  return true;
}

} // namespace authd
