// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace authd {

// Of project() in CMakeLists.txt: "0.1.0". Defined in a generated file, so that another version rebuilds that alone.
extern const std::string_view kVersion;

} // namespace authd
