// SPDX-License-Identifier: Apache-2.0
// How many CPUs are this process's: a container with a quota of two on a machine of 64 runs 64 event loops slower than
// two, for each gets its turn only when the quota allows.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace authd {

// Those of its affinity (sched_getaffinity(2)), at most its cgroup's quota; at least one.
unsigned usable_cpus();

// The least quota from a cgroup (version 2) up to the root of the hierarchy, in CPUs, a part of one counting as one.
// `membership`: the text of /proc/self/cgroup. `hierarchy`: where it is mounted. nullopt: no quota, or version 1.
std::optional<unsigned> cpu_quota(std::string_view membership, const std::filesystem::path& hierarchy);

} // namespace authd
