// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <Poco/Net/Context.h>

namespace authd::cache_redis {

// For clients that verify: TLS 1.2 or newer, a chain to the authorities of `ca_file` (PEM; empty: the
// system's) and the name or address that was asked for. Throws std::invalid_argument when the file holds
// no authority that can be read.
Poco::Net::Context::Ptr make_tls_context(const std::string& ca_file);

} // namespace authd::cache_redis
