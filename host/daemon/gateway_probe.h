// SPDX-License-Identifier: Apache-2.0
// What the configured gateway lets authd do, found out without a change there: for `authd probe`.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "config/config.h"

namespace authd::daemon {

struct Finding {
  enum class Verdict { good, warning, bad };
  Verdict verdict = Verdict::good;
  std::string text; // one line; that of a bad one says how to correct it
};

// Starts the gateway's plugin alone, asks for its health, and lists and creates credentials of a consumer whose random
// id nobody has: the gateway judges authd's rights before it says that there is no such consumer. Throws Refused when
// the plugin cannot be used. [may-block]
std::vector<Finding> probe_gateway(const config::Config& config, Log& log);

} // namespace authd::daemon
