// SPDX-License-Identifier: Apache-2.0
// telemetry.headers: one entry is "name=value", the value percent-encoded, as OpenTelemetry's specification of the
// protocol exporter has OTEL_EXPORTER_OTLP_HEADERS.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "config/config.h"

namespace authd::config {

// The error says what is wrong and how it is mended, without a word of the entry: it may be a secret.
tl::expected<OtlpHeader, std::string> parse_otlp_header(std::string_view entry);

} // namespace authd::config
