// SPDX-License-Identifier: Apache-2.0
// Calls of a plugin's own, for its threads: see calls.h. A component that uses them names AUTHD_CALLS_V1 in
// its `needs`, so that the host checked for it.
#pragma once

#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "authd/calls.h"
#include "authd/views.hpp"

namespace authd::sdk {

class OwnCalls;

// Closed when it goes out of scope.
class OwnCall {
 public:
  Call& call() { return call_; }
  // From any thread; see calls.h.
  void withdraw() const { calls_->withdraw(abi_.get()); }

  struct Failure {
    std::string message; // empty: none was recorded
    int upstream_status = 0;
    milliseconds retry_after{0};
  };
  Failure failure() const {
    authd_error error{};
    error.size = sizeof error;
    calls_->failure(abi_.get(), &error);
    return {std::string(view(error.message)), error.upstream_status, milliseconds(error.retry_after_ms)};
  }

 private:
  friend class OwnCalls;
  struct Close {
    const authd_calls_v1* calls;
    void operator()(const authd_call* call) const { calls->close(call); }
  };

  OwnCall(const Host& host, const authd_calls_v1* calls, const authd_call* call)
      : calls_(calls), abi_(call, Close{calls}), call_(host, call) {}

  const authd_calls_v1* calls_;
  std::unique_ptr<const authd_call, Close> abi_;
  Call call_;
};

class OwnCalls {
 public:
  explicit OwnCalls(const Host& host) : host_(host), calls_(host.service<authd_calls_v1>(AUTHD_CALLS_V1)) {
    if (!AUTHD_HAS(calls_, close)) throw std::runtime_error("this host has no " AUTHD_CALLS_V1);
  }

  OwnCall open(milliseconds timeout) const {
    const authd_call* call = calls_->open(timeout.count());
    if (call == nullptr) throw std::bad_alloc();
    return OwnCall(host_, calls_, call);
  }

 private:
  Host host_;
  const authd_calls_v1* calls_;
};

} // namespace authd::sdk
