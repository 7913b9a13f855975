// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace authd {

// "host:port" of a URL; an IPv6 address gets its brackets (RFC 3986, 3.2.2).
std::string authority(std::string_view host, unsigned port);

} // namespace authd
