// SPDX-License-Identifier: Apache-2.0
#include "endpoints/trusted_peers.h"

#include <algorithm>
#include <string_view>

#include <Poco/NumberParser.h>

namespace authd::endpoints {

TrustedPeers::TrustedPeers(const std::vector<std::string>& blocks) {
  for (const std::string& text : blocks) {
    const auto slash = text.find('/');
    const IpAddress network = IpAddress::parse(std::string_view(text).substr(0, slash)).value_or(IpAddress());
    const unsigned prefix =
        slash == std::string::npos ? network.width() : Poco::NumberParser::parseUnsigned(text.substr(slash + 1));
    blocks_.push_back({network, prefix});
  }
}

bool TrustedPeers::contains(const IpAddress& peer) const {
  return blocks_.empty() || std::any_of(blocks_.begin(), blocks_.end(), [&](const Block& block) {
           return peer.shares_prefix(block.network, block.prefix);
         });
}

} // namespace authd::endpoints
