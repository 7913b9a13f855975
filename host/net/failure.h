// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace authd::net {

// Why a connection could not be made or used. `what` holds neither URL nor secret: "Connection refused".
struct Failure {
  enum class Kind {
    timed_out,   // the deadline passed, or the operation was withdrawn
    interrupted, // see Deadline::cancelled_by
    lost,        // refused, reset, no such name, TLS not agreed on
  };

  Kind kind = Kind::lost;
  std::string what;
  bool lasting = false; // trying again at once would fail alike: no such name, a certificate not accepted
};

template <class T>
using Result = tl::expected<T, Failure>;

inline tl::unexpected<Failure> lost(std::string what) {
  return tl::unexpected(Failure{Failure::Kind::lost, std::move(what)});
}
inline tl::unexpected<Failure> lasting(std::string what) {
  return tl::unexpected(Failure{Failure::Kind::lost, std::move(what), true});
}

} // namespace authd::net
