// SPDX-License-Identifier: Apache-2.0
#include "base/uuid.h"

#include <cctype>
#include <stdexcept>
#include <vector>

#include <openssl/rand.h>

#include "base/base64url.h"
#include "base/secret.h"

namespace authd {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr bool is_dash_position(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

} // namespace

void random_bytes(void* out, std::size_t size_bytes) {
  if (RAND_bytes(static_cast<unsigned char*>(out), static_cast<int>(size_bytes)) != 1) {
    throw std::runtime_error("the system's random generator failed");
  }
}

std::string random_base64url(std::size_t size_bytes) {
  std::vector<char> bytes(size_bytes);
  random_bytes(bytes.data(), bytes.size());
  std::string text;
  append_base64url(text, {bytes.data(), bytes.size()});
  wipe(bytes.data(), bytes.size());
  return text;
}

UuidSource::Text UuidSource::next() {
  if (used_ == pool_.size()) {
    random_bytes(pool_.data(), pool_.size());
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
