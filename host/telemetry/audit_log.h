// SPDX-License-Identifier: Apache-2.0
// The audit trail (telemetry.audit): one line for each token, `token-issued`, which no log level and no storm keeps
// out. Never the token, the secret or an API key. One lock and no allocation for each.
#pragma once

#include "base/log.h"
#include "base/request_outcome.h"
#include "config/config.h"
#include "telemetry/shown.h"

namespace authd::telemetry {

class AuditLog final : public RequestObserver {
 public:
  AuditLog(const config::Telemetry& telemetry, Log& log); // the log must outlive it

  void on_outcome(const RequestOutcome& outcome) override;
  void on_fault(const RequestOutcome&, std::string_view) override {}

 private:
  const bool on_;
  const Shown shown_;
  Log& log_;
};

} // namespace authd::telemetry
