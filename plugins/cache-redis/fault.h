// SPDX-License-Identifier: Apache-2.0
// Why an exchange with Redis failed. The command is never part of it, because a message may be logged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "authd/views.hpp"
#include "net/address.h"
#include "net/deadline.h"

namespace authd::cache_redis {

using net::Deadline;
using net::Endpoint;
using net::SteadyClock;
using net::SteadyTime;
using sdk::milliseconds;

struct Fault {
  enum class Kind {
    refused,     // Redis answered, and will answer the same again
    lost,        // the connection was refused, reset or closed
    timed_out,   // no whole answer within the deadline
    down,        // not tried: the server is known to be away
    misdirected, // another server is in charge now
    oversized,   // the announced answer exceeds what is read
  };

  Kind kind = Kind::refused;
  sdk::Status status = sdk::Status::unavailable;
  std::string message;
  std::string code = {}; // of Redis' error reply, e.g. WRONGTYPE

  // Every operation of ours may be repeated: each leaves the same state, run once or twice.
  bool worth_another_try() const { return kind == Kind::lost || kind == Kind::misdirected; }
};

template <class T>
using Outcome = tl::expected<T, Fault>;

inline tl::unexpected<Fault> failure(Fault::Kind kind, sdk::Status status, std::string message) {
  return tl::unexpected<Fault>(Fault{kind, status, std::move(message), {}});
}

// An interrupted wait ends like one whose deadline passed: its result is not needed any more.
inline Fault fault_of(const net::Failure& why) {
  if (why.kind == net::Failure::Kind::lost) return {Fault::Kind::lost, sdk::Status::unavailable, why.what, {}};
  return {Fault::Kind::timed_out, sdk::Status::timeout, why.what, {}};
}

// --- error replies of Redis. Of their text only that of an unknown code is passed on, without what it quotes, because
// that may be the command.

// The first word: NOAUTH, MOVED, ERR, ...
std::string_view error_code(std::string_view error);

//   denied       NOAUTH, WRONGPASS, NOPERM, DENIED; the message names the setting to correct
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
