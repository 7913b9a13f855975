// SPDX-License-Identifier: Apache-2.0
#include "telemetry/otlp/destination.h"

#include <algorithm>
#include <array>

#include <unistd.h>

namespace authd::telemetry::otlp {
namespace {

const std::string& own_endpoint(Signal signal, const config::Otlp& otlp) {
  switch (signal) {
  case Signal::traces:
    return otlp.traces_endpoint;
  case Signal::metrics:
    return otlp.metrics_endpoint;
  case Signal::logs:
    break;
  }
  return otlp.logs_endpoint;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

} // namespace

std::string url_of(Signal signal, const config::Otlp& otlp) {
  if (const std::string& own = own_endpoint(signal, otlp); !own.empty()) return own;
  if (otlp.endpoint.empty()) return {};
  std::string url = otlp.endpoint;
  if (url.back() != '/') url += '/';
  return url.append("v1/").append(name_of(signal));
}

bool is_exported(Signal signal, const config::Telemetry& telemetry) {
  return telemetry.mode != config::TelemetryMode::console && !url_of(signal, telemetry.otlp).empty();
}

std::string displayed_url(Signal signal, const config::Otlp& otlp) {
  const std::string url = url_of(signal, otlp);
  return url.substr(0, url.find('?'));
}

std::shared_ptr<const Destination> make_destination(Signal signal, const config::Config& config,
                                                    http_client::HttpService& exchanges) {
  const config::Otlp& otlp = config.telemetry.otlp;
  if (!is_exported(signal, config.telemetry)) return nullptr;
  auto to = std::make_shared<Destination>();
  to->sender = std::make_unique<Sender>(signal, url_of(signal, otlp), otlp.headers, exchanges, otlp.identity);
  to->resource = {config.telemetry.service_name, config.telemetry.service_version,
                  std::string(config::name_of(config.environment)), host_name(), ::getpid()};
  to->timeout = otlp.timeout;
  to->queue_size = otlp.queue_size;
  to->batch_size = std::min<std::size_t>(otlp.batch_size, otlp.queue_size);
  to->interval = otlp.export_interval;
  return to;
}

} // namespace authd::telemetry::otlp
