// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "http_client/service.h"
#include "telemetry/otlp/encoding.h"
#include "telemetry/otlp/sender.h"
#include "telemetry/otlp/signal.h"

namespace authd::telemetry::otlp {

// Where one signal goes, and how.
struct Destination {
  std::unique_ptr<Sender> sender; // used by the signal's thread alone
  Resource resource;
  milliseconds timeout{0};
  std::size_t batch_size = 1; // items
  std::size_t queue_size = 1; // items
  milliseconds interval{0};
};

// The signal's own endpoint as it is, else the base with /v1/<signal>; empty: none.
std::string url_of(Signal signal, const config::Otlp& otlp);
// Whether it has one and telemetry.mode exports it.
bool is_exported(Signal signal, const config::Telemetry& telemetry);
// For people: without a query, which may hold a key.
std::string displayed_url(Signal signal, const config::Otlp& otlp);

// Null: the signal is not exported. Throws std::bad_alloc, and std::runtime_error when OpenSSL refuses the authorities.
std::shared_ptr<const Destination> make_destination(Signal signal, const config::Config& config,
                                                    http_client::HttpService& exchanges);

} // namespace authd::telemetry::otlp
