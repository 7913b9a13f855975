// SPDX-License-Identifier: Apache-2.0
#include "base/cpus.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <sched.h>

namespace authd {
namespace {

unsigned cpus_of_affinity() {
  cpu_set_t set;
  // EINVAL: more CPUs than the set has room for.
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return std::thread::hardware_concurrency();
  return static_cast<unsigned>(CPU_COUNT(&set));
}

std::string content_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// cgroups(7): version 2 is the line "0::/path".
std::optional<std::string> path_in(std::string_view membership) {
  std::istringstream lines{std::string(membership)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::/")) return line.substr(4);
  }
  return std::nullopt;
}

// cpu.max, "200000 100000" or "max 100000": microseconds of CPU time in each period.
std::optional<unsigned> quota_in(const std::filesystem::path& cgroup) {
  std::istringstream text(content_of(cgroup / "cpu.max"));
  long quota = 0;
  long period = 0;
  if (!(text >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return static_cast<unsigned>(std::min(quota / period + (quota % period != 0 ? 1 : 0), 4096l));
}

} // namespace

std::optional<unsigned> cpu_quota(std::string_view membership, const std::filesystem::path& hierarchy) {
  const auto path = path_in(membership);
  if (!path) return std::nullopt;
  std::optional<unsigned> least = quota_in(hierarchy);
  std::filesystem::path cgroup = hierarchy;
  for (const auto& part : std::filesystem::path(*path)) {
    cgroup /= part;
    const auto quota = quota_in(cgroup);
    if (quota && (!least || *quota < *least)) least = quota;
  }
  return least;
}

unsigned usable_cpus() {
  const unsigned cpus = std::max(1u, cpus_of_affinity());
  const auto quota = cpu_quota(content_of("/proc/self/cgroup"), "/sys/fs/cgroup");
  return quota ? std::min(cpus, *quota) : cpus;
}

} // namespace authd
