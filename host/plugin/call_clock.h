// SPDX-License-Identifier: Apache-2.0
// What ends an exchange before its answer has come, and the waits that notice it: the call's deadline, its
// withdrawal, and the end of the process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "authd/abi.h"
#include "base/clock.h"
#include "base/result.h"
#include "plugin/interrupt.h"

namespace authd::plugin {

// `what` has neither URL nor secret: "connection refused".
struct SocketFailure {
  authd_status status; // AUTHD_TIMEOUT, AUTHD_UNAVAILABLE, AUTHD_CORRUPT or AUTHD_CANCELLED
  std::string what;
  bool lasting = false; // trying again at once would fail alike: no such name, a certificate not accepted
};

// The one deadline of an exchange: that of the call, optionally capped. A withdrawn call is out of time.
class CallClock {
 public:
  // All references must outlive it; `call` may be null: no deadline.
  CallClock(const authd_host& host, const authd_call* call, const Interrupt& interrupt)
      : host_(&host), call_(call), interrupt_(&interrupt) {}
  CallClock capped(milliseconds at_most) const;

  std::int64_t remaining_ms() const; // 0: time is up
  // Why to give up now: AUTHD_TIMEOUT or AUTHD_CANCELLED.
  std::optional<SocketFailure> over() const;
  // Until poll(2) reports `fd` ready or in error. [may-block]
  Result<void, SocketFailure> await(int fd, short events) const;
  Result<void, SocketFailure> pause(milliseconds duration) const; // [may-block]

 private:
  Result<void, SocketFailure> poll_until(SteadyTime end, int fd, short events) const;

  const authd_host* host_;
  const authd_call* call_;
  const Interrupt* interrupt_;
  SteadyTime cap_ = SteadyTime::max();
};

} // namespace authd::plugin
