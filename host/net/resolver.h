// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "net/address.h"
#include "net/failure.h"

namespace authd::net {

using Addresses = std::vector<Address>;

// From a name to its addresses, the preferred one first. It may take as long as it likes: connectors call it
// on threads of their own. [thread-safe] [may-block]
using Resolver = std::function<Result<Addresses>(const HostPort&)>;

// The system's: getaddrinfo(3), in the order of RFC 6724. It knows no deadline (resolv.conf has its own).
Result<Addresses> resolve_by_system(const HostPort& name);

// Of a host that is no name; nullopt: it has to be resolved.
std::optional<Result<Addresses>> address_of_literal(const HostPort& host);

} // namespace authd::net
