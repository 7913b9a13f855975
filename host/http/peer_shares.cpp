// SPDX-License-Identifier: Apache-2.0
#include "http/peer_shares.h"

namespace authd::http {

PeerShares::Share PeerShares::take(const IpAddress& client) {
  constexpr unsigned kIpv6Client = 64;
  const IpAddress peer = client.width() > kIpv6Client ? client.first_bits(kIpv6Client) : client;
  const std::lock_guard lock(mutex_);
  return Share(this, peer, ++connections_[peer]);
}

void PeerShares::give_back(const IpAddress& peer) {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(peer);
  if (--found->second == 0) connections_.erase(found);
}

std::size_t PeerShares::peers() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

} // namespace authd::http
