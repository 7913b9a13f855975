// SPDX-License-Identifier: Apache-2.0
// The master keys ([secrets] in authd.toml) and what is derived from them. Nothing is sealed with a master key itself.
#pragma once

#include <string_view>
#include <vector>

#include "secrets/secret.h"

namespace authd {

class MasterKeys {
 public:
  static constexpr std::size_t kBytes = 32;

  MasterKeys() = default; // none
  // Of kBytes each, else std::invalid_argument. The first seals, all open.
  explicit MasterKeys(std::vector<Secret> keys);

  bool empty() const { return keys_.empty(); }
  // The one that seals, alone; requires that there is one.
  std::vector<Secret> first() const { return {keys_.front()}; }
  // One key of kBytes for each master key, in the same order: HKDF-SHA-256 (RFC 5869) without salt, whose info names
  // `owner` (an instance, or a part of the host such as "records") and `purpose`. Throws std::runtime_error when
  // OpenSSL fails.
  std::vector<Secret> derive(std::string_view owner, std::string_view purpose) const;
  bool operator==(const MasterKeys&) const = default;

 private:
  std::vector<Secret> keys_;
};

} // namespace authd
