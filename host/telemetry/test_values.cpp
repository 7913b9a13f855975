// SPDX-License-Identifier: Apache-2.0
#include "telemetry/test_values.h"

#include <algorithm>

namespace authd::telemetry {

void TestValues::record(unsigned count) {
  const std::lock_guard lock(mutex_);
  recorded_ += count;
  for (unsigned i = 1; i <= count; ++i) {
    const double value = 0.001 * i;
    const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), value);
    ++buckets_[static_cast<std::size_t>(bound - kBounds.begin())];
    sum_ += value;
  }
}

void TestValues::add_to(Snapshot& snapshot) const {
  const std::lock_guard lock(mutex_);
  if (recorded_ == 0) return;
  snapshot.families[static_cast<std::size_t>(Id::test_counter)].points = {{{}, static_cast<double>(recorded_)}};
  snapshot.families[static_cast<std::size_t>(Id::test_histogram)].points = {{{}, 0, buckets_, sum_}};
}

} // namespace authd::telemetry
