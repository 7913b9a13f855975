// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace authd::telemetry::otlp {

// RFC 1952, one member. Throws std::bad_alloc.
std::string gzip(std::string_view plain);

} // namespace authd::telemetry::otlp
