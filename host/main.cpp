// SPDX-License-Identifier: Apache-2.0
// options -> config -> plugins -> pipeline -> server -> wait -> drain. Objects are built bottom-up on the
// stack of serve(), so that leaving it is the shutdown sequence.
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "command_line.h"
#include "config/loading.h"
#include "http/health.h"
#include "http/log_recorder.h"
#include "http/server.h"
#include "http/tokens.h"
#include "http/trusted_peers.h"
#include "pipeline/token_pipeline.h"
#include "plugin/http_service.h"
#include "plugin/loader.h"
#include "plugin/schema_source.h"
#include "signals.h"

namespace {

using namespace authd;

// What waits for a worker, per worker: at Kong's 5 ms a call this is a third of a second.
constexpr std::size_t kQueuedPerWorker = 64;

// The configuration or a plugin cannot be used; the lines say why and how to mend it.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

config::Config load_config(const std::string& file) {
  auto config = config::load(file, config::process_environment(), plugin::make_schema_source());
  if (config) return std::move(*config);
  std::string lines;
  for (const config::Problem& problem : config.error()) lines += problem.line + '\n';
  throw Refused(lines);
}

Log::Options log_options(const config::Config& config) {
  Log::Options options;
  options.level = config.telemetry.log_level;
  options.service_name = config.telemetry.service_name;
  options.service_version = config.telemetry.service_version;
  options.environment = config::name_of(config.environment);
  options.fd = STDOUT_FILENO;
  return options;
}

plugin::TrustPolicy trust_policy(const config::Config& config) {
  return {config.environment == config::Environment::production, config.plugins.require_pins};
}

// The plugins that the configuration names, created and started.
class Backends {
 public:
  Backends(const config::Config& config, const plugin::Loader& loader)
      : gateway_(start(config, loader, config.gateway, AUTHD_GATEWAY_V1)) {
    for (const config::Tier& tier : config.cache) {
      tiers_.push_back({plugin::CacheTier(start(config, loader, tier, AUTHD_CACHE_V1)), tier.ttl, tier.stale, {}});
    }
  }

  const plugin::Gateway& gateway() const { return gateway_; }
  std::vector<pipeline::TierSlot> take_tiers() { return std::move(tiers_); }

 private:
  static std::shared_ptr<plugin::Instance> start(const config::Config& config, const plugin::Loader& loader,
                                                 const config::PluginUse& use, std::string_view kind) {
    const auto pin = config.plugins.pins.find(use.plugin);
    auto instance = loader.load(use, config.plugins.dir, pin == config.plugins.pins.end() ? "" : pin->second, kind);
    if (!instance) throw Refused(instance.error().line + '\n');
    if (auto started = (*instance)->start(); !started) throw Refused(started.error().line + '\n');
    return std::move(*instance);
  }

  plugin::Gateway gateway_;
  std::vector<pipeline::TierSlot> tiers_;
};

pipeline::CircuitBreaker::Settings breaker_settings(const config::Breaker& b) {
  return {b.error_threshold_percent, b.reset_timeout, b.window, b.buckets, b.volume_threshold};
}

pipeline::LookupSettings lookup_settings(const config::Config& config) {
  return {config.breaker.timeout, config.lookup.negative_ttl, config.lookup.refresh_ahead,
          config.gateway.auto_provision};
}

http::ServerOptions server_options(const config::Config& config) {
  http::ServerOptions options;
  options.host = config.server.host;
  options.port = config.server.port;
  options.reactors = config.server.reactors;
  options.max_connections = config.server.max_connections;
  options.header_limit = config.server.header_limit;
  options.url_limit = config.server.url_limit;
  options.body_limit = config.server.body_limit;
  options.idle_timeout = config.server.idle_timeout;
  options.header_timeout = config.server.header_timeout;
  options.cors = config.api.cors;
  options.cors_credentials = config.api.cors_credentials;
  options.is_trusted = [peers = http::TrustedPeers(config.security.trusted_gateways)](
                           const Poco::Net::IPAddress& peer) { return peers.contains(peer); };
  return options;
}

void announce(const config::Config& config, const http::Server& server, Log& log) {
  log.write(Level::info, "ready", fmt::format("ready on http://{}:{}", config.server.host, server.port()),
            {{"server.address", config.server.host},
             {"server.port", static_cast<std::int64_t>(server.port())},
             {"authd.reactors", static_cast<std::int64_t>(server.reactors())},
             {"authd.gateway", config.gateway.plugin},
             {"process.pid", static_cast<std::int64_t>(::getpid())}});
}

void wait_for_end(Log& log) {
  for (;;) {
    const int signal = wait_for_signal();
    if (signal != SIGHUP) {
      log.write(Level::info, "draining", signal == SIGTERM ? "received SIGTERM" : "received SIGINT");
      return;
    }
    log.write(Level::warn, "reload-ignored", "SIGHUP: restart authd to apply a changed configuration");
  }
}

int serve(const std::string& config_file) {
  const config::Config config = load_config(config_file);
  Log log(log_options(config));
  for (const std::string& warning : config.warnings) log.write(Level::warn, "configuration", warning);

  plugin::HttpService exchanges;
  const plugin::Loader loader(
      trust_policy(config),
      {{AUTHD_HTTP_V1, [&exchanges](const authd_host* host) { return exchanges.connect(host); }}}, log);
  Backends backends(config, loader);

  http::LogRecorder recorder(config.telemetry, log);
  pipeline::CircuitBreaker breaker(breaker_settings(config.breaker));
  pipeline::BlockingLane lane(config.gateway.pool_size, config.gateway.pool_size * kQueuedPerWorker);
  pipeline::TierStack tiers(backends.take_tiers(), pipeline::Sealer({}), recorder);
  pipeline::SecretLookup lookup(lookup_settings(config), tiers, backends.gateway(), breaker, lane, recorder);
  const pipeline::TokenPipeline pipeline(config.jwt, lookup);
  pipeline::GatewayHealth gateway_health(backends.gateway(), config.breaker.timeout);

  http::Router router;
  http::TokenEndpoints tokens(pipeline, log, config.telemetry.access_log == config::AccessLog::all);
  http::HealthEndpoints health(config, backends.gateway(), gateway_health, lookup);
  tokens.add_to(router);
  health.add_to(router);
  http::Server server(server_options(config), router, &recorder, log);
  server.start();
  announce(config, server, log);

  wait_for_end(log);
  const ImpatienceWatch impatience;
  health.set_draining();
  const bool drained = server.drain(config.server.drain_timeout);
  log.write(drained ? Level::info : Level::warn, "stopped",
            drained ? "every request was answered" : "server.drain_timeout passed with requests unanswered");
  lane.stop();
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  const CommandLine command = run_command_line(argc, argv);
  if (command.exit_code) return *command.exit_code;
  block_signals();
  try {
    return serve(command.config_file);
  } catch (const Refused& refusal) {
    std::cerr << refusal.what();
    return kExitConfig;
  } catch (const std::exception& error) {
    std::cerr << "authd: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
