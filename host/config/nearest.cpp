// SPDX-License-Identifier: Apache-2.0
#include "config/nearest.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace authd::config {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t differs = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + differs});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

std::string suggestion(std::string_view unknown, const std::vector<std::string>& known) {
  // A name longer than any of ours is not a slip of the pen, and the table grows with its square.
  constexpr std::size_t kLongest = 100;
  if (known.empty()) return "nothing is allowed here";
  const std::string* best = nullptr;
  std::size_t least = std::max<std::size_t>(2, unknown.size() / 2) + 1;
  for (const std::string& name : known) {
    if (unknown.size() > kLongest) break;
    std::size_t distance = edit_distance(unknown, name);
    if (distance >= least) continue;
    least = distance;
    best = &name;
  }
  if (best != nullptr) return fmt::format("did you mean \"{}\"?", *best);
  return fmt::format("known here: {}", fmt::join(known, ", "));
}

} // namespace authd::config
