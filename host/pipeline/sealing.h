// SPDX-License-Identifier: Apache-2.0
// What leaves the process for a remote tier: values sealed with AES-256-GCM (NIST SP 800-38D) when there
// is a key, else at least bound to their cache key by a digest. Either way a value that was cut, garbled or
// put under another consumer's key does not open: it is a miss, never a wrong secret.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/secret.h"

namespace authd::pipeline {

class Sealer {
 public:
  static constexpr std::size_t kKeyBytes = 32;

  // Keys of 32 raw bytes, in order: the first seals, all open. None: values are only bound.
  explicit Sealer(std::vector<Secret> keys);

  bool encrypts() const { return !keys_.empty(); }

  // Appends the envelope of `value` for this cache key.
  void seal(std::string_view cache_key, std::string_view value, std::string& out) const;
  enum class Opened : std::uint8_t {
    value,      // in `out`
    other_keys, // an instance with another key list wrote it, and may still want it
    garbage,    // cut, garbled, another cache key's or none of ours
  };
  // `out` is replaced; it holds the value only if it was opened.
  Opened open(std::string_view cache_key, std::string_view envelope, std::string& out) const;

 private:
  Opened open_bound(std::string_view cache_key, std::string_view envelope, std::string& out) const;
  Opened open_sealed(std::string_view cache_key, std::string_view envelope, std::string& out) const;

  using KeyId = std::array<char, 4>;
  struct Key {
    KeyId id; // finds the right key among several without trying all
    Secret bytes;
  };
  std::vector<Key> keys_;
};

} // namespace authd::pipeline
