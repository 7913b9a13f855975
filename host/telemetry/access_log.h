// SPDX-License-Identifier: Apache-2.0
// A line for each request, as telemetry.access_log wants it: `request`, and `request-refused` for what was refused
// before it came to a route. A request in which an endpoint failed has its line whatever the setting.
#pragma once

#include "base/log.h"
#include "base/request_outcome.h"
#include "config/config.h"
#include "telemetry/shown.h"

namespace authd::telemetry {

class AccessLog final : public RequestObserver {
 public:
  AccessLog(const config::Telemetry& telemetry, Log& log); // the log must outlive it

  void on_outcome(const RequestOutcome& outcome) override;
  void on_fault(const RequestOutcome& outcome, std::string_view what) override;

 private:
  bool wants(const RequestOutcome& outcome) const;

  const config::AccessLog which_;
  const Shown shown_;
  Log& log_;
};

} // namespace authd::telemetry
