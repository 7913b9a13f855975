// SPDX-License-Identifier: Apache-2.0
// Random identifiers and bytes from the kernel-seeded CSPRNG of OpenSSL.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace authd {

// Throws std::runtime_error when the generator has no entropy: nothing may be issued then.
void random_bytes(void* out, std::size_t size_bytes);

// `size_bytes` random bytes as unpadded base64url (RFC 4648, section 5).
std::string random_base64url(std::size_t size_bytes);

// RFC 9562 version 4, lower case. Draws for 256 ids at a time, because one draw costs more than a
// signature; one source belongs to one thread.
class UuidSource {
 public:
  using Text = std::array<char, 36>;
  Text next();
  ~UuidSource();

 private:
  static constexpr std::size_t kUuidBytes = 16;
  std::array<std::uint8_t, kUuidBytes * 256> pool_{};
  std::size_t used_ = sizeof(pool_);
};

inline std::string_view view(const UuidSource::Text& text) { return {text.data(), text.size()}; }

// 8-4-4-4-12 hexadecimal digits in either case: what Kong looks up as an id and never as a username.
bool is_uuid(std::string_view text);

} // namespace authd
