// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace authd::telemetry::otlp {

enum class Signal : std::uint8_t { traces, metrics, logs };

inline constexpr std::array<Signal, 3> kSignals{Signal::traces, Signal::metrics, Signal::logs};

constexpr std::string_view name_of(Signal signal) {
  constexpr std::array<std::string_view, 3> kNames{"traces", "metrics", "logs"};
  return kNames[static_cast<std::size_t>(signal)];
}

} // namespace authd::telemetry::otlp
