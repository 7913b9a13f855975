// SPDX-License-Identifier: Apache-2.0
// What a plugin says of the backend behind it.
#pragma once

#include <cstdint>
#include <string>

#include "authd/abi.h"
#include "base/call.h"

namespace authd::plugin {

class Instance;

struct Health {
  enum class State : std::uint8_t { up, degraded, down } state = State::up;
  std::string detail;   // why it is not up; redacted
  std::string endpoint; // what was asked; redacted
  milliseconds response_time{0};
  CallStatus status = CallStatus::ok; // of the question itself: ok, it was answered as it should be
};

// Asks by one of the instance's operations, `name`. What cannot be asked is down. [thread-safe] [may-block]
Health ask_health(const Instance& instance, const char* name,
                  authd_status (*operation)(void* self, const authd_call*, authd_health*), Call& call);

} // namespace authd::plugin
