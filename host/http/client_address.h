// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/ip_address.h"
#include "http/exchange.h"

namespace authd::http {

// Whom trusted gateways forwarded a request for: the rightmost entry of X-Forwarded-For that is not one of them. What
// stands to the left of it is what anybody may have sent. None: there is no such entry, or it is no IP address (with
// or without a port).
IpAddress client_address(const Request& request, const std::function<bool(const IpAddress&)>& is_gateway);

} // namespace authd::http
