// SPDX-License-Identifier: Apache-2.0
#include "secrets/secret.h"

#include <algorithm>

#include <openssl/crypto.h>

#include "secrets/key_memory.h"

namespace authd {

void wipe(void* data, std::size_t size_bytes) {
  if (size_bytes != 0) OPENSSL_cleanse(data, size_bytes);
}

Secret::Secret(Copy, std::string_view value) {
  if (value.empty()) return;
  data_ = static_cast<char*>(allocate_key_memory(value.size()));
  size_ = value.size();
  value.copy(data_, size_);
}

void Secret::clear() {
  free_key_memory(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

std::string without_url_credentials(std::string_view text) {
  constexpr std::string_view kScheme = "://";
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = text.find(kScheme); at != std::string_view::npos; at = text.find(kScheme, at)) {
    at += kScheme.size();
    const std::size_t end = std::min(text.find_first_of("/?# \t\r\n\"<>", at), text.size());
    const std::size_t sign = text.substr(0, end).rfind('@');
    if (sign == std::string_view::npos || sign < at) continue;
    out.append(text, done, at - done).append("[redacted]");
    done = at = sign;
  }
  return out.append(text, done);
}

} // namespace authd
