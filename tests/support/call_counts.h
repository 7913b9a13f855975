/* SPDX-License-Identifier: Apache-2.0
 * What call_counter.c counts, as it stands in a file that the counted program and the test both map. */
#pragma once

#ifdef __cplusplus
#include <atomic>
#include <cstdint>
struct call_counts {
  std::atomic<std::uint64_t> allocations;
  std::atomic<std::uint64_t> locks;
  std::atomic<std::uint64_t> reactor_locks; // those of them that threads named "reactor-" took
};
#else
#include <stdatomic.h>
#include <stdint.h>
struct call_counts {
  _Atomic uint64_t allocations;
  _Atomic uint64_t locks;
  _Atomic uint64_t reactor_locks;
};
#endif
