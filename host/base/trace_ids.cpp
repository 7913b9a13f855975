// SPDX-License-Identifier: Apache-2.0
#include "base/trace_ids.h"

namespace authd {

TraceIdSource& trace_ids_of_thread() {
  thread_local TraceIdSource instance;
  return instance;
}

TraceContext begin_span(const std::optional<TraceParent>& caller, std::string_view state, double ratio,
                        TraceIdSource& ids) {
  if (caller) return {caller->trace, ids.span(), caller->span, caller->sampled, state};
  const TraceId trace = ids.trace();
  return {trace, ids.span(), {}, sampled_by_ratio(trace, ratio), {}};
}

} // namespace authd
