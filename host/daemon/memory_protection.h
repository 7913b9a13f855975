// SPDX-License-Identifier: Apache-2.0
// Who may read the process' memory: no core dump holds it, unless security.core_dumps asks for one, and the pages with
// keys are neither swapped nor in a dump that was asked for.
#pragma once

#include "base/log.h"
#include "config/config.h"
#include "secrets/key_memory.h"

namespace authd::daemon {

// One for the process, made before the first secret is read.
class MemoryProtection {
 public:
  MemoryProtection();

  // Allows core dumps if the configuration asks for them, and logs what is not protected as it should be.
  void apply(const config::Config& config, Log& log) const;

  // Logs a warning if more clients may connect over TLS than the pages have keys for. At each load.
  void check_connections(const config::Server& settings, Log& log) const;

 private:
  KeyMemory keys_;
};

} // namespace authd::daemon
