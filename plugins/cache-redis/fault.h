// SPDX-License-Identifier: Apache-2.0
// Why an exchange with Redis failed. What was asked is never part of it, for a message may be logged.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "authd/views.hpp"
#include "net/failure.h"

namespace authd::cache_redis {

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

// Who interrupts a wait has no use for what it waits for: that is an end like a deadline's.
inline Fault fault_of(const net::Failure& why) {
  if (why.kind == net::Failure::Kind::lost) return {Fault::Kind::lost, sdk::Status::unavailable, why.what, {}};
  return {Fault::Kind::timed_out, sdk::Status::timeout, why.what, {}};
}

} // namespace authd::cache_redis
