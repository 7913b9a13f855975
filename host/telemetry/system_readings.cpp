// SPDX-License-Identifier: Apache-2.0
#include "telemetry/system_readings.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include <malloc.h>

namespace authd::telemetry {
namespace {

constexpr milliseconds kGoodFor{1000};
constexpr std::uint64_t kKiB = 1024;

// "Name:   123 kB" in bytes; 0: no such line.
std::uint64_t kib_field(const std::string& path, std::string_view name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size(), name) != 0 || line[name.size()] != ':') continue;
    std::uint64_t kib = 0;
    const char* digits = line.data() + line.find_first_of("0123456789");
    std::from_chars(digits, line.data() + line.size(), kib);
    return kib * kKiB;
  }
  return 0;
}

double cpu_seconds_of_process() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double entries_of(const char* folder) {
  std::error_code error;
  const std::filesystem::directory_iterator entries(folder, error);
  return error ? 0 : static_cast<double>(std::distance(begin(entries), end(entries)));
}

// The smallest limit of the process's cgroup and those above it; none: "max", or no cgroup v2.
std::optional<double> memory_limit() {
  std::ifstream own("/proc/self/cgroup");
  std::optional<double> least;
  for (std::string line; std::getline(own, line);) {
    if (line.compare(0, 3, "0::") != 0) continue;
    for (std::filesystem::path group = line.substr(3);; group = group.parent_path()) {
      std::ifstream file("/sys/fs/cgroup" + group.string() + "/memory.max");
      double bytes = 0;
      if (file >> bytes) least = std::min(bytes, least.value_or(bytes)); // "max" is no number
      if (group == group.parent_path()) break;
    }
  }
  return least;
}

// Whole disks alone: what a partition did, its disk did.
std::pair<double, double> disk_bytes() {
  constexpr double kSector = 512; // of /proc/diskstats, whatever the disk's is
  double read = 0, written = 0;
  std::ifstream file("/proc/diskstats");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string major, minor, name;
    std::uint64_t reads = 0, merged = 0, sectors_read = 0, ms = 0, writes = 0, merged_writes = 0, sectors_written = 0;
    fields >> major >> minor >> name >> reads >> merged >> sectors_read >> ms >> writes >> merged_writes >>
        sectors_written;
    std::error_code error;
    if (!fields || !std::filesystem::exists("/sys/block/" + name + "/device", error)) continue;
    read += static_cast<double>(sectors_read) * kSector;
    written += static_cast<double>(sectors_written) * kSector;
  }
  return {read, written};
}

// Of every interface but the loopback.
std::pair<double, double> network_bytes() {
  double received = 0, sent = 0;
  std::ifstream file("/proc/net/dev");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue; // a heading
    const auto begin = line.find_first_not_of(' ');
    if (line.substr(begin, colon - begin) == "lo") continue;
    std::istringstream fields(line.substr(colon + 1));
    double in = 0, skipped = 0, out = 0;
    fields >> in;
    for (int i = 0; i < 7; ++i) fields >> skipped;
    if (fields >> out) received += in, sent += out;
  }
  return {received, sent};
}

std::vector<std::pair<std::string, double>> system_memory() {
  const std::string path = "/proc/meminfo";
  const auto total = static_cast<double>(kib_field(path, "MemTotal"));
  const auto free = static_cast<double>(kib_field(path, "MemFree"));
  const auto available = static_cast<double>(kib_field(path, "MemAvailable"));
  return {{"free", free}, {"available", available}, {"used", total - available}};
}

} // namespace

ProcessMemory process_memory() {
  const struct mallinfo2 heap = ::mallinfo2();
  const std::string path = "/proc/self/status";
  return {kib_field(path, "VmRSS"), kib_field(path, "RssAnon"), heap.uordblks + heap.hblkhd, heap.arena + heap.hblkhd};
}

SystemReadings::SystemReadings()
    : cpu_read_at_(steady_now()), cpu_seconds_(cpu_seconds_of_process()), cores_(core_times()) {}

std::vector<SystemReadings::CpuTime> SystemReadings::core_times() {
  std::vector<CpuTime> all;
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line) && line.compare(0, 3, "cpu") == 0;) {
    if (line.size() < 4 || std::isdigit(static_cast<unsigned char>(line[3])) == 0) continue; // the sum of all
    std::istringstream fields(line.substr(line.find(' ')));
    CpuTime time;
    std::uint64_t ticks = 0;
    // user nice system idle iowait irq softirq steal
    for (int i = 0; i < 8 && fields >> ticks; ++i) {
      time.all += ticks;
      if (i != 3 && i != 4) time.busy += ticks;
    }
    all.push_back(time);
  }
  return all;
}

void SystemReadings::refresh_cpu(SteadyTime now) {
  const double elapsed = std::chrono::duration<double>(now - cpu_read_at_).count();
  const double used = cpu_seconds_of_process();
  if (elapsed > 0) values_.cpu_usage = (used - cpu_seconds_) / elapsed;
  cpu_read_at_ = now;
  cpu_seconds_ = used;
  std::vector<CpuTime> cores = core_times();
  values_.core_usage.assign(cores.size(), 0);
  for (std::size_t i = 0; i < std::min(cores.size(), cores_.size()); ++i) {
    const auto all = static_cast<double>(cores[i].all - cores_[i].all);
    if (all > 0) values_.core_usage[i] = static_cast<double>(cores[i].busy - cores_[i].busy) / all;
  }
  cores_ = std::move(cores);
}

void SystemReadings::refresh() {
  const SteadyTime now = steady_now();
  if (read_at_ != SteadyTime() && now - read_at_ < kGoodFor) return;
  read_at_ = now;
  refresh_cpu(now);
  values_.memory_limit = memory_limit();
  values_.memory = process_memory();
  values_.open_fds = entries_of("/proc/self/fd");
  values_.threads = entries_of("/proc/self/task");
  values_.system_memory = system_memory();
  std::tie(values_.disk_read, values_.disk_written) = disk_bytes();
  std::tie(values_.received, values_.sent) = network_bytes();
}

void SystemReadings::read_into(Reading& reading) {
  const std::lock_guard lock(mutex_);
  refresh();
  if (values_.memory_limit) reading.set(Id::process_memory_limit, {}, *values_.memory_limit);
  reading.set(Id::process_cpu_usage, {}, values_.cpu_usage);
  reading.set(Id::process_memory_usage, {"rss"}, static_cast<double>(values_.memory.rss));
  reading.set(Id::process_memory_usage, {"anonymous"}, static_cast<double>(values_.memory.anonymous));
  reading.set(Id::process_memory_usage, {"heap"}, static_cast<double>(values_.memory.heap));
  reading.set(Id::process_open_fds, {}, values_.open_fds);
  reading.set(Id::process_threads, {}, values_.threads);
  for (std::size_t i = 0; i < values_.core_usage.size(); ++i) {
    reading.set(Id::system_cpu_utilization, {std::to_string(i)}, values_.core_usage[i]);
  }
  for (const auto& [state, bytes] : values_.system_memory) reading.set(Id::system_memory_usage, {state}, bytes);
  reading.set(Id::system_disk_io, {"read"}, values_.disk_read);
  reading.set(Id::system_disk_io, {"write"}, values_.disk_written);
  reading.set(Id::system_network_io, {"receive"}, values_.received);
  reading.set(Id::system_network_io, {"transmit"}, values_.sent);
}

} // namespace authd::telemetry
