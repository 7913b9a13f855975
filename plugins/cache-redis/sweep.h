// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "client.h"

namespace authd::cache_redis {

// Removes every key with this prefix from every master, tombstones excepted; an empty prefix: all that
// authd wrote, and nothing of others. A key that is written meanwhile may stay. Goes on with the other
// masters when one fails, and then returns that Fault. [may-block]
Outcome<void> sweep(Client& client, Topology& topology, std::string_view prefix, const Deadline& deadline);

// For SCAN's MATCH: what the glob would take for more than itself, escaped, and a '*' at the end.
std::string scan_pattern(std::string_view prefix);

} // namespace authd::cache_redis
