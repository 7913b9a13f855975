// SPDX-License-Identifier: Apache-2.0
// How many CPUs this process may use. With a quota of two CPUs on a machine of 64, 64 event loops are slower than two,
// because the quota throttles them.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace authd {

// The CPUs of its affinity (sched_getaffinity(2)), at most the quota of its cgroup; at least one.
unsigned usable_cpus();

// The lowest quota from a cgroup (version 2) up to the root of the hierarchy, in CPUs, rounded up.
// `membership`: the text of /proc/self/cgroup. `hierarchy`: where it is mounted. nullopt: no quota, or version 1.
std::optional<unsigned> cpu_quota(std::string_view membership, const std::filesystem::path& hierarchy);

} // namespace authd
