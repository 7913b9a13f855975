// SPDX-License-Identifier: Apache-2.0
// options -> config -> watchdog -> generation (plugins, pipeline, endpoints) -> server -> wait -> drain. Objects
// are built bottom-up on the stack of serve(), so that leaving it is the shutdown sequence.
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "base/ip_address.h"
#include "base/log.h"
#include "cli/command_line.h"
#include "daemon/admin_actions.h"
#include "daemon/crash_reports.h"
#include "daemon/keep_alive.h"
#include "daemon/lifecycle.h"
#include "daemon/memory_protection.h"
#include "daemon/memory_return.h"
#include "daemon/passed_listener.h"
#include "daemon/plugin_trial.h"
#include "daemon/reloader.h"
#include "daemon/signing_keys.h"
#include "daemon/status_report.h"
#include "daemon/telemetry.h"
#include "daemon/watchdog.h"
#include "http/server.h"
#include "http_client/service.h"
#include "modules/current_store.h"
#include "modules/events.h"
#include "modules/records.h"
#include "pipeline/invalidation_hub.h"
#include "plugin/loader.h"
#include "profiling/heap_sampler.h"

namespace {

using namespace authd;
using namespace authd::daemon;

Log::Options log_options(const config::Config& config) {
  return {.level = config.telemetry.log_level,
          .service_name = config.telemetry.service_name,
          .service_version = config.telemetry.service_version,
          .environment = std::string(config::name_of(config.environment)),
          .fd = STDOUT_FILENO,
          .form = form_for(STDOUT_FILENO)};
}

void announce(const config::Config& config, const http::Server& server, Log& log) {
  const char* scheme = config.server.tls.identity != nullptr ? "https" : "http";
  log.write(Level::info, "ready", fmt::format("ready on {}://{}", scheme, authority(config.server.host, server.port())),
            {{"server.address", config.server.host},
             {"server.port", static_cast<std::int64_t>(server.port())},
             {"authd.reactors", static_cast<std::int64_t>(server.reactors())},
             {"authd.gateway", config.has_gateway ? config.gateway.plugin : "none"},
             {"process.pid", static_cast<std::int64_t>(::getpid())}});
}

// What is left to do when the drain is over: telemetry to export once more, workers, plugins and generations to end,
// the log to write out.
constexpr seconds kExitAllowance{10};

milliseconds longest_exit(const config::Server& settings) {
  return settings.drain_delay + settings.drain_timeout + kExitAllowance;
}

void drain(Watchdog& watchdog, const Reloader& reloader, http::Server& server, Log& log) {
  const std::shared_ptr<Generation> last = reloader.current();
  const config::Server& settings = last->config().server;
  watchdog.exit_by(steady_now() + longest_exit(settings));
  std::this_thread::sleep_for(settings.drain_delay); // a load balancer notices /health/ready meanwhile
  const bool drained = server.drain(settings.drain_timeout);
  log.write(drained ? Level::info : Level::warn, "stopped",
            drained ? "every request was answered" : "server.drain_timeout passed with requests unanswered");
}

int serve(const std::string& config_file, char** arguments) {
  const MemoryProtection memory;
  const std::optional<PassedListener> passed = passed_listener();
  const ConfigSource source{config_file, passed ? std::optional(passed->address) : std::nullopt};
  config::Config config = load_config(source, &try_plugin);
  if (config.profiling.enabled) profiling::restart_sampling_heap(arguments);
  block_signals();
  Log log(log_options(config));
  const CrashReports crash_reports(log);
  Telemetry telemetry(log);
  telemetry.apply(telemetry.prepare(config));
  Watchdog watchdog(log);
  for (const std::string& warning : config.warnings) log.write(Level::warn, "configuration", warning);
  memory.apply(config, log);

  http_client::HttpService exchanges;
  pipeline::InvalidationHub hub;
  modules::EventBus events(log);
  modules::CurrentStore store;
  modules::RecordSpaces records(store, config.master_keys, MovableClock(config.test_clock));
  modules::Tokens tokens(store, MovableClock(config.test_clock), has_signer(config));
  const ServiceSources sources{exchanges,         hub, events, store, records, tokens, MovableClock(config.test_clock),
                               config.master_keys};
  const plugin::Loader loader(trust_policy(config), plugin_services(sources), log);
  Lifecycle lifecycle(telemetry, memory);
  Reloader reloader(source, std::move(config), loader, sources, lifecycle, log);
  SigningKeys keys(reloader.current()->plugins(), reloader.current()->config(), sources,
                   telemetry.measurements().metrics(), log);

  http::Server server(reloader.publish(), log, &telemetry.measurements(), passed ? passed->descriptor : -1);
  const auto connections = telemetry.measurements().watch(server);
  reloader.attach(server);
  watchdog.serving();
  server.start();
  const StatusReport status(reloader, lifecycle, server);
  const auto admin = open_admin_listener(reloader, status, keys, log);
  const ReloadThread reloads(watchdog, reloader);
  const MemoryReturn memory_return(server);
  const KeepAlive keep_alive(lifecycle.service_manager(), server, status);
  lifecycle.service_manager().ready();
  announce(reloader.current()->config(), server, log);

  const int signal = watchdog.await_end();
  lifecycle.begin_drain(longest_exit(reloader.current()->config().server));
  log.write(Level::info, "draining", fmt::format("received {}", name_of_signal(signal)));
  drain(watchdog, reloader, server, log);
  telemetry.stop();
  exchanges.abort(); // a worker that hangs in Kong no longer delays the exit
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  const cli::CommandLine command = cli::run_command_line(argc, argv);
  if (command.exit_code) return *command.exit_code;
  hold_reloads();
  try {
    return serve(command.config_file, argv);
  } catch (const Refused& refusal) {
    std::cerr << refusal.what();
    return cli::kExitConfig;
  } catch (const std::exception& error) {
    std::cerr << "authd: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
