// SPDX-License-Identifier: Apache-2.0
// What /proc and the cgroup say of this process and of the machine it runs on. Read at most once a second, however
// often it is asked for: listing ten thousand descriptors takes milliseconds. [thread-safe]
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "telemetry/metrics.h"

namespace authd::telemetry {

struct ProcessMemory {
  std::uint64_t rss = 0;       // bytes
  std::uint64_t anonymous = 0; // bytes
  std::uint64_t heap = 0;      // bytes in use, as malloc counts them
  std::uint64_t heap_total = 0;
};
ProcessMemory process_memory();

class SystemReadings {
 public:
  SystemReadings();
  void read_into(Reading& reading); // the instruments process_* and system_*

 private:
  struct CpuTime {
    std::uint64_t busy = 0;
    std::uint64_t all = 0;
  };
  struct Values {
    std::optional<double> memory_limit; // none: no limit
    double cpu_usage = 0;
    ProcessMemory memory;
    double open_fds = 0;
    double threads = 0;
    std::vector<double> core_usage;
    std::vector<std::pair<std::string, double>> system_memory; // by state
    double disk_read = 0, disk_written = 0;
    double received = 0, sent = 0;
  };

  void refresh();
  void refresh_cpu(SteadyTime now);
  static std::vector<CpuTime> core_times();

  std::mutex mutex_; // guards these
  SteadyTime read_at_{};
  SteadyTime cpu_read_at_{};
  double cpu_seconds_ = 0;
  std::vector<CpuTime> cores_;
  Values values_;
};

} // namespace authd::telemetry
