// SPDX-License-Identifier: Apache-2.0
#include "base/base64url.h"

#include <openssl/evp.h>

namespace authd {
namespace {

constexpr std::size_t encoded_size(std::size_t n) { return (n * 4 + 2) / 3; }

// OpenSSL uses the standard alphabet; the URL-safe one differs in two letters. Every letter is written, because
// compilers vectorize a loop of selections but not one of conditional writes.
void to_url_alphabet(char* p, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const char c = p[i] == '+' ? '-' : p[i];
    p[i] = c == '/' ? '_' : c;
  }
}

bool to_standard_alphabet(std::string& text) {
  for (char& c : text) {
    const bool alphanumeric = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (c == '-') {
      c = '+';
    } else if (c == '_') {
      c = '/';
    } else if (!alphanumeric) {
      return false;
    }
  }
  return true;
}

} // namespace

void append_base64url(std::string& out, std::string_view bytes) {
  const std::size_t start = out.size();
  // EVP_EncodeBlock pads and appends a NUL.
  out.resize(start + (bytes.size() + 2) / 3 * 4 + 1);
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + start),
                  reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(start + encoded_size(bytes.size()));
  to_url_alphabet(out.data() + start, out.size() - start);
}

bool decode_base64url(std::string_view text, std::string& out) {
  if (text.size() % 4 == 1) return false;
  std::string standard(text);
  if (!to_standard_alphabet(standard)) return false;
  standard.append((4 - text.size() % 4) % 4, '=');
  out.resize(standard.size() / 4 * 3);
  const int n =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(standard.data()), static_cast<int>(standard.size()));
  if (n < 0) return false;
  out.resize(text.size() * 3 / 4);
  // One text per value: the unused bits of the last letter must be zero, or signatures would be malleable.
  std::string again;
  append_base64url(again, out);
  return again == text;
}

} // namespace authd
