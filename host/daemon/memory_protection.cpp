// SPDX-License-Identifier: Apache-2.0
#include "daemon/memory_protection.h"

#include <cstdint>
#include <string>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace authd::daemon {
namespace {

constexpr std::size_t kKiB = 1024;

// The size limit alone does not hold where /proc/sys/kernel/core_pattern names a program: core(5). A process that is
// not dumpable cannot be traced either, but by root: ptrace(2).
void set_core_dumps(bool allowed) {
  rlimit limit{};
  ::getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = allowed ? limit.rlim_max : 0;
  ::setrlimit(RLIMIT_CORE, &limit);
  ::prctl(PR_SET_DUMPABLE, allowed ? 1 : 0);
}

bool may_dump() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max != 0;
}

} // namespace

MemoryProtection::MemoryProtection() : keys_(set_up_key_memory()) { set_core_dumps(false); }

void MemoryProtection::apply(const config::Config& config, Log& log) const {
  if (config.security.core_dumps) {
    set_core_dumps(true);
    log.write(Level::warn, "core-dumps-allowed",
              may_dump()
                  ? "security.core_dumps: a core dump holds secrets of consumers"
                  : "security.core_dumps is on, but RLIMIT_CORE forbids core dumps (LimitCORE=infinity in the unit)");
  }
  if (!keys_.locked) {
    const std::string limit = keys_.limit_bytes == SIZE_MAX ? "none" : fmt::format("{} KiB", keys_.limit_bytes / kKiB);
    log.write(Level::warn, "keys-not-locked",
              fmt::format("The memory for keys is not locked, so it may be swapped: authd locks {} KiB, and the limit "
                          "RLIMIT_MEMLOCK is {}; raise it (LimitMEMLOCK=8M in the unit, --ulimit memlock=8388608 for a "
                          "container) or use no swap",
                          keys_.size_bytes / kKiB, limit));
  }
  check_connections(config.server, log);
}

void MemoryProtection::check_connections(const config::Server& settings, Log& log) const {
  if (settings.tls.identity == nullptr || settings.max_connections <= keys_.tls_connections()) return;
  log.write(
      Level::warn, "key-memory-small",
      fmt::format("server.max_connections is {}, but the memory for keys has room for {} connections over TLS; "
                  "further handshakes fail. Lower the one or raise RLIMIT_MEMLOCK, of which authd takes half, up to "
                  "64 MiB",
                  settings.max_connections, keys_.tls_connections()));
}

} // namespace authd::daemon
