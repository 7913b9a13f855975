// SPDX-License-Identifier: Apache-2.0
#include "pipeline/secret_text.h"

#include <cstdint>

#include "base/secret.h"

namespace authd::pipeline {
namespace {

constexpr int kNone = -1;

constexpr int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return kNone;
}

} // namespace

bool decode_secret(std::string_view text, std::string& out) {
  out.clear();
  text = text.substr(0, text.find('='));
  if (text.size() % 4 == 1) return false; // six bits are no byte
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const int value = sextet(c);
    if (value == kNone) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return !out.empty();
}

bool DecodedSecret::replace_in(CredentialView& credential) {
  clear();
  if (!decode_secret(credential.secret, bytes_)) return false;
  credential.secret = bytes_;
  return true;
}

void DecodedSecret::clear() {
  wipe(bytes_.data(), bytes_.size());
  bytes_.clear();
}

} // namespace authd::pipeline
