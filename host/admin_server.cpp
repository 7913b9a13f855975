// SPDX-License-Identifier: Apache-2.0
#include "admin_server.h"

#include <stdexcept>
#include <utility>

#include <Poco/NumberParser.h>

#include "base/json_writer.h"

namespace authd {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

http::ServerOptions options_for(const std::string& listen) {
  http::ServerOptions options;
  options.reactors = 1;
  options.max_connections = 64;
  options.cors.clear(); // no browser has business here
  if (listen.rfind(kUnixPrefix, 0) == 0) {
    options.unix_socket = listen.substr(kUnixPrefix.size());
    return options;
  }
  const auto colon = listen.rfind(':');
  unsigned port = 0;
  if (colon == std::string::npos || !Poco::NumberParser::tryParseUnsigned(listen.substr(colon + 1), port) ||
      port == 0 || port > 65535) {
    throw std::runtime_error("admin.listen: \"" + listen + "\" is neither unix:/path nor host:port");
  }
  options.host = listen.substr(0, colon);
  options.port = static_cast<std::uint16_t>(port);
  return options;
}

http::AdminGuard guard_for(const std::string& listen) {
  if (listen.rfind(kUnixPrefix, 0) == 0) return {};
  return http::AdminGuard(listen.substr(0, listen.rfind(':')));
}

std::string cache_stats(const Generation& generation) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("tiers").begin_array();
  for (const pipeline::TierState& tier : generation.lookup().tiers().states()) {
    json.begin_object().member("name", tier.name).member("remote", tier.remote);
    json.member("circuitBreaker", name_of(tier.breaker));
    json.member("entries", tier.entries()).member("bytes", tier.bytes());
    json.member("capacity", static_cast<std::int64_t>(tier.stats.capacity));
    json.member("evictions", static_cast<std::int64_t>(tier.stats.evictions)).end_object();
  }
  json.end_array().end_object();
  return body;
}

std::string plugins(const Generation& generation) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("plugins").begin_array();
  for (const PluginSet::Running& running : generation.plugins().running()) {
    const plugin::Instance& instance = *running.instance;
    json.begin_object().member("name", instance.name()).member("kind", running.kind);
    json.member("id", instance.plugin_id()).member("version", instance.plugin_version());
    json.member("path", instance.path()).member("sha256", running.sha256).member("state", "running").end_object();
  }
  json.end_array().end_object();
  return body;
}

http::AdminActions actions_of(Reloader& reloader) {
  http::AdminActions actions;
  actions.invalidate = [&](std::string_view consumer) { return reloader.current()->lookup().invalidate(consumer); };
  actions.invalidate_all = [&] { return reloader.current()->lookup().invalidate_all(); };
  actions.reload = [&] {
    Reloader::Outcome outcome = reloader.reload();
    return http::AdminActions::ReloadOutcome{outcome.applied, std::move(outcome.lines)};
  };
  actions.cache_stats = [&] { return cache_stats(*reloader.current()); };
  actions.plugins = [&] { return plugins(*reloader.current()); };
  return actions;
}

} // namespace

AdminServer::AdminServer(const std::string& listen, Reloader& reloader, Log& log)
    : access_log_(reloader.current()->config().telemetry, log), endpoints_(actions_of(reloader), guard_for(listen)) {
  endpoints_.add_to(router_);
  server_ = std::make_unique<http::Server>(options_for(listen), router_, &access_log_, log);
  server_->start();
  log.write(Level::info, "admin-listening", "operations are listened for", {{"server.address", listen}});
}

} // namespace authd
