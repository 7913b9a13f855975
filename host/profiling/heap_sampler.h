// SPDX-License-Identifier: Apache-2.0
// Which stacks allocated what is live now: gperftools' tcmalloc samples allocations from the start of the process, so a
// heap profile also shows what was there before its session began. A process that may be profiled restarts itself once
// with tcmalloc preloaded; any other never maps it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "profiling/recording.h"

namespace authd::profiling {

// Whether this process allocates from tcmalloc, and samples.
bool samples_heap();

// Replaces this process by the same program with the same arguments, tcmalloc preloaded; the process id stays.
// Returns when that cannot be, or has been done: then samples_heap() says which. Call it before any thread starts and
// before anything is opened that only this process should have. $TCMALLOC_SAMPLE_PARAMETER, if it is set, is the mean
// number of bytes between two samples.
void restart_sampling_heap(char** arguments);

// The text of tcmalloc's MallocExtension::GetHeapSample, "heap profile: ... @ heap_v2/<period>" and a line per stack.
// Counts and bytes are scaled up to what the samples stand for. Lines that are malformed are skipped.
Recording parse_heap_sample(std::string_view text);

class HeapSampler final : public Source {
 public:
  std::string obstacle() const override;
  void start() override { started_ = wall_now(); }
  Recording stop() override; // what is live now

 private:
  WallTime started_;
};

} // namespace authd::profiling
