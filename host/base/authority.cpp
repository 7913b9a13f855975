// SPDX-License-Identifier: Apache-2.0
#include "base/authority.h"

#include <fmt/format.h>

namespace authd {

std::string authority(std::string_view host, unsigned port) {
  const bool ipv6 = host.find(':') != std::string_view::npos;
  return ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

} // namespace authd
