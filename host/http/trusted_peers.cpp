// SPDX-License-Identifier: Apache-2.0
#include "http/trusted_peers.h"

#include <Poco/NumberParser.h>

namespace authd::http {
namespace {

using Poco::Net::IPAddress;

// A dual-stack listener reports an IPv4 peer as ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2).
IPAddress unmapped(const IPAddress& peer) {
  if (peer.family() != IPAddress::IPv6 || !peer.isIPv4Mapped()) return peer;
  const auto* bytes = static_cast<const unsigned char*>(peer.addr());
  return IPAddress(bytes + 12, 4);
}

} // namespace

TrustedPeers::TrustedPeers(const std::vector<std::string>& blocks) {
  for (const std::string& text : blocks) {
    const auto slash = text.find('/');
    const IPAddress address(text.substr(0, slash));
    const unsigned width = address.family() == IPAddress::IPv4 ? 32 : 128;
    const unsigned prefix = slash == std::string::npos ? width : Poco::NumberParser::parseUnsigned(text.substr(slash + 1));
    const IPAddress mask(prefix, address.family());
    blocks_.push_back({address & mask, mask});
  }
}

bool TrustedPeers::contains(const IPAddress& peer) const {
  if (blocks_.empty()) return true;
  const IPAddress address = unmapped(peer);
  for (const Block& block : blocks_) {
    if (address.family() == block.network.family() && (address & block.mask) == block.network) return true;
  }
  return false;
}

} // namespace authd::http
