// SPDX-License-Identifier: Apache-2.0
// options -> config -> generation (plugins, pipeline, endpoints) -> server -> wait -> drain. Objects are built
// bottom-up on the stack of serve(), so that leaving it is the shutdown sequence.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "admin_server.h"
#include "authd/http.h"
#include "authd/tiers.h"
#include "base/authority.h"
#include "base/log.h"
#include "command_line.h"
#include "http/server.h"
#include "pipeline/invalidation_hub.h"
#include "plugin/http_service.h"
#include "plugin/loader.h"
#include "reloader.h"
#include "sd_notify.h"
#include "signals.h"

namespace {

using namespace authd;

Log::Options log_options(const config::Config& config) {
  Log::Options options;
  options.level = config.telemetry.log_level;
  options.service_name = config.telemetry.service_name;
  options.service_version = config.telemetry.service_version;
  options.environment = config::name_of(config.environment);
  options.fd = STDOUT_FILENO;
  return options;
}

plugin::Services services(plugin::HttpService& exchanges, const pipeline::InvalidationHub& hub) {
  return {{AUTHD_HTTP_V1, [&](const authd_host* host) { return exchanges.connect(host); }},
          {AUTHD_TIERS_V1, [&](const authd_host*) { return std::shared_ptr<const void>(hub.table(), [](const void*) {}); }}};
}

void announce(const config::Config& config, const http::Server& server, Log& log) {
  const char* scheme = config.server.tls.identity != nullptr ? "https" : "http";
  log.write(Level::info, "ready", fmt::format("ready on {}://{}", scheme, authority(config.server.host, server.port())),
            {{"server.address", config.server.host},
             {"server.port", static_cast<std::int64_t>(server.port())},
             {"authd.reactors", static_cast<std::int64_t>(server.reactors())},
             {"authd.gateway", config.gateway.plugin},
             {"process.pid", static_cast<std::int64_t>(::getpid())}});
}

// An address that nobody asked for is no reason to refuse to serve; one that was configured is.
std::unique_ptr<AdminServer> open_admin(Reloader& reloader, Log& log) {
  const config::Config& config = reloader.current()->config();
  if (config.admin.listen.empty()) return nullptr;
  const auto is_preset = [](const config::EffectiveValue& v) {
    return v.path == "admin.listen" && v.origin == "default";
  };
  try {
    return std::make_unique<AdminServer>(config.admin.listen, reloader, log);
  } catch (const std::exception& error) {
    if (std::none_of(config.effective.begin(), config.effective.end(), is_preset)) {
      throw std::runtime_error(std::string("admin.listen: ") + error.what());
    }
    log.write(Level::warn, "no-admin-listener", error.what(), {{"authd.setting", "admin.listen"}});
    return nullptr;
  }
}

void wait_for_end(Reloader& reloader, Log& log) {
  for (;;) {
    const int signal = wait_for_signal();
    if (signal != SIGHUP) {
      log.write(Level::info, "draining", signal == SIGTERM ? "received SIGTERM" : "received SIGINT");
      return;
    }
    reloader.reload();
  }
}

int serve(const std::string& config_file) {
  config::Config config = load_config(config_file);
  Log log(log_options(config));
  for (const std::string& warning : config.warnings) log.write(Level::warn, "configuration", warning);

  const SystemdNotifier systemd;
  plugin::HttpService exchanges;
  pipeline::InvalidationHub hub;
  const plugin::Loader loader(trust_policy(config), services(exchanges, hub), log);
  Reloader reloader(config_file, std::move(config), loader, exchanges, hub, systemd, log);

  http::Server server(reloader.publish(), log);
  reloader.attach(server);
  server.start();
  const std::unique_ptr<AdminServer> admin = open_admin(reloader, log);
  announce(reloader.current()->config(), server, log);
  systemd.ready();

  wait_for_end(reloader, log);
  systemd.stopping();
  const ImpatienceWatch impatience;
  const std::shared_ptr<Generation> last = reloader.current();
  last->set_draining();
  const bool drained = server.drain(last->config().server.drain_timeout);
  log.write(drained ? Level::info : Level::warn, "stopped",
            drained ? "every request was answered" : "server.drain_timeout passed with requests unanswered");
  exchanges.abort(); // a worker that hangs in Kong holds up nobody any more
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
