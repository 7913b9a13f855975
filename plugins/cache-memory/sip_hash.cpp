// SPDX-License-Identifier: Apache-2.0
#include "sip_hash.h"

#include <sys/random.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

namespace authd::cache_memory {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

struct State {
  std::uint64_t v0, v1, v2, v3;

  explicit State(SipKey key)
      : v0(key.k0 ^ 0x736f6d6570736575), v1(key.k1 ^ 0x646f72616e646f6d), v2(key.k0 ^ 0x6c7967656e657261),
        v3(key.k1 ^ 0x7465646279746573) {}

  void round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }

  std::uint64_t finish() {
    v2 ^= 0xff;
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

std::uint64_t load(const char* p, std::size_t n) {
  std::uint64_t word = 0;
  std::memcpy(&word, p, n);
  return word;
}

} // namespace

SipKey random_sip_key() {
  SipKey key;
  if (getrandom(&key, sizeof key, 0) != static_cast<ssize_t>(sizeof key))
    throw std::system_error(errno, std::generic_category(), "getrandom");
  return key;
}

std::uint64_t sip_hash(SipKey key, std::string_view text) {
  State state(key);
  const char* p = text.data();
  std::size_t left = text.size();
  for (; left >= 8; p += 8, left -= 8) state.absorb(load(p, 8));
  const std::uint64_t tail = left == 0 ? 0 : load(p, left);
  state.absorb(tail | static_cast<std::uint64_t>(text.size()) << 56);
  return state.finish();
}

} // namespace authd::cache_memory
