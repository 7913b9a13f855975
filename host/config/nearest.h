// SPDX-License-Identifier: Apache-2.0
// "Did you mean": which known name an unknown one was probably meant to be.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace authd::config {

// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

// `did you mean "timeout"?`, or all known names when none is close.
std::string suggestion(std::string_view unknown, const std::vector<std::string>& known);

} // namespace authd::config
