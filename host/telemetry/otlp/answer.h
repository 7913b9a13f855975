// SPDX-License-Identifier: Apache-2.0
// What a collector says in the body of its answer (OTLP specification, "OTLP/HTTP Response").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "telemetry/otlp/signal.h"

namespace authd::telemetry::otlp {

struct PartialSuccess {
  std::uint64_t rejected = 0; // spans, data points or log records
  std::string message;        // beside none rejected: a warning
};

// Of an answer 2xx. An empty body says that all was accepted. nullopt: not an answer of OTLP.
std::optional<PartialSuccess> read_success(Signal signal, std::string_view body);

// The message of a google.rpc.Status, which other answers carry; empty: none.
std::string read_status_message(std::string_view body);

} // namespace authd::telemetry::otlp
