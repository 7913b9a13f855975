// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace authd::cli {

// Of the sources that this was built from: "46274b2c5f1e", "46274b2c5f1e-modified"; empty: their history was not there.
extern const std::string_view kCommit;
extern const std::string_view kBuildType; // CMAKE_BUILD_TYPE: "Release"

} // namespace authd::cli
