// SPDX-License-Identifier: Apache-2.0
// Where ids of traces and spans come from.
#pragma once

#include "base/random.h"
#include "base/trace_context.h"

namespace authd {

// Random ids. For one thread. Throws std::runtime_error: see RandomStream.
class TraceIdSource {
 public:
  // `batch_bytes`: drawn at a time; a request takes 24. At most 65536.
  explicit TraceIdSource(std::size_t batch_bytes = 1024) : bytes_(batch_bytes) {}
  TraceId trace() { return next<TraceId>(); }
  SpanId span() { return next<SpanId>(); }

 private:
  template <class Id>
  Id next() {
    Id id{};
    while (id == Id{}) bytes_.take(id.data(), id.size()); // all zero means none
    return id;
  }
  RandomBatch bytes_;
};

// The calling worker's own. Not for reactors: a thread's first call may take the dynamic linker's lock.
TraceIdSource& trace_ids_of_thread();

// The span in which a request of this caller is handled: a part of the caller's trace, or, without one, the root of a
// new trace, which is sampled by the ratio (0 to 1). `state` goes with the caller's trace only.
TraceContext begin_span(const std::optional<TraceParent>& caller, std::string_view state, double ratio,
                        TraceIdSource& ids);

} // namespace authd
