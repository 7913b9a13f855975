// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace authd::test {

// A port of 127.0.0.1 that nobody listens on just now.
std::uint16_t free_port();

} // namespace authd::test
