// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash, so that an attacker without the key cannot
// choose cache keys that all fall into one bucket.
#pragma once

#include <cstdint>
#include <string_view>

namespace authd::cache_memory {

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

// From the kernel. Throws std::system_error when it has no randomness to give.
SipKey random_sip_key();

std::uint64_t sip_hash(SipKey key, std::string_view text);

} // namespace authd::cache_memory
