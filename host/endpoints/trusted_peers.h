// SPDX-License-Identifier: Apache-2.0
// security.trusted_gateways: who may ask for tokens. Identity arrives in plain headers, so whoever may
// connect may claim to be anybody: only Kong should.
#pragma once

#include <string>
#include <vector>

#include "base/ip_address.h"

namespace authd::endpoints {

class TrustedPeers {
 public:
  // CIDR blocks ("10.0.0.0/8", "::1") that the configuration has validated; none: everybody is trusted.
  explicit TrustedPeers(const std::vector<std::string>& blocks);

  bool contains(const IpAddress& peer) const;

 private:
  struct Block {
    IpAddress network;
    unsigned prefix; // bits
  };
  std::vector<Block> blocks_;
};

} // namespace authd::endpoints
