// SPDX-License-Identifier: Apache-2.0
// What the log says, as records for whoever exports them.
#pragma once

#include "base/log.h"
#include "telemetry/signals.h"

namespace authd::telemetry {

class LogRecords final : public LogTap {
 public:
  // The sink must outlive it.
  explicit LogRecords(LogSink& sink) : sink_(sink) {}
  void on_event(const LogEvent& event) override;

 private:
  LogSink& sink_;
};

} // namespace authd::telemetry
