// SPDX-License-Identifier: Apache-2.0
// What an error reply of Redis means. Of its text only that of an unknown code is passed on, without what it quotes:
// that may be the command.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "endpoint.h"
#include "fault.h"

namespace authd::cache_redis {

// The first word: NOAUTH, MOVED, ERR, ...
std::string_view error_code(std::string_view error);

//   denied       NOAUTH, WRONGPASS, NOPERM, DENIED; the message names the setting to mend
//   unavailable  all the rest: READONLY and its like as misdirected, OOM and LOADING as refused
Fault classify_error(std::string_view error);

// MOVED and ASK of a cluster.
struct Redirection {
  bool ask = false; // for this one command
  std::uint16_t slot = 0;
  Endpoint to; // an empty host: the server that answered, at this port
};
std::optional<Redirection> parse_redirection(std::string_view error);

} // namespace authd::cache_redis
