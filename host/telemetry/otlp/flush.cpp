// SPDX-License-Identifier: Apache-2.0
#include "telemetry/otlp/flush.h"

#include <fmt/format.h>

namespace authd::telemetry::otlp {

void Flush::finish(Signal signal, const Part& part) {
  {
    const std::lock_guard lock(mutex_);
    report_.items[static_cast<std::size_t>(signal)] += part.items;
    report_.metrics += part.metrics;
    if (!part.error.empty()) report_.errors.push_back(fmt::format("{}: {}", name_of(signal), part.error));
    if (--left_ > 0) return;
    report_.duration = std::chrono::duration_cast<milliseconds>(steady_now() - begun_);
  }
  done_(report_);
}

} // namespace authd::telemetry::otlp
