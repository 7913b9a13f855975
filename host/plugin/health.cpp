// SPDX-License-Identifier: Apache-2.0
#include "plugin/health.h"

#include <utility>

#include "base/byte_sink.h"
#include "plugin/calls_under_way.h"
#include "plugin/instance.h"

namespace authd::plugin {
namespace {

// Of what a plugin may put. Redaction shortens it, and must see secrets whole.
constexpr std::size_t kMaxDetail = 64 * 1024;

Health::State to_state(std::uint32_t raw) {
  switch (raw) {
  case AUTHD_HEALTH_UP:
    return Health::State::up;
  case AUTHD_HEALTH_DEGRADED:
    return Health::State::degraded;
  default:
    return Health::State::down;
  }
}

} // namespace

Health ask_health(const Instance& instance, const char* name,
                  authd_status (*operation)(void* self, const authd_call*, authd_health*), Call& call) {
  std::string detail;
  std::string endpoint;
  authd_out detail_out{.target = detail, .limit = kMaxDetail, .cuts = true};
  authd_out endpoint_out{.target = endpoint, .limit = kMaxDetail, .cuts = true};
  authd_health raw{sizeof raw, AUTHD_HEALTH_UP, &detail_out, &endpoint_out};
  const auto before = steady_now();
  const CallStatus status = invoke(instance.callee(), name, instance.redaction(), call,
                                   [&] { return operation(instance.self(), call.abi(), &raw); });
  const auto took = std::chrono::duration_cast<milliseconds>(steady_now() - before);
  const Redaction& redaction = instance.redaction();
  Health health{to_state(raw.state), redaction.clean(detail), redaction.clean(endpoint), took, status};
  if (status != CallStatus::ok) {
    health.state = Health::State::down;
    health.detail = call.take_failure(status).message;
  }
  return health;
}

} // namespace authd::plugin
