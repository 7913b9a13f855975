// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin_actions.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace authd::daemon {
namespace {

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
  write_plugins(json, generation);
  json.end_array().end_object();
  return body;
}

} // namespace

void write_plugins(JsonWriter& json, const Generation& generation) {
  for (const PluginSet::Running* running : generation.plugins().running()) {
    const plugin::Instance& instance = *running->instance;
    json.begin_object().member("name", instance.name()).member("kind", running->kind);
    json.member("id", instance.plugin_id()).member("version", instance.plugin_version());
    json.member("path", instance.path()).member("sha256", running->sha256).member("state", "running").end_object();
  }
}

namespace {

endpoints::AdminActions admin_actions(Reloader& reloader, const StatusReport& status, SigningKeys& keys) {
  endpoints::AdminActions actions;
  actions.invalidate = [&](std::string_view consumer) { return reloader.current()->lookup().invalidate(consumer); };
  actions.invalidate_all = [&] { return reloader.current()->lookup().invalidate_all(); };
  actions.reload = [&] {
    Reloader::Outcome outcome = reloader.reload();
    return endpoints::AdminActions::ReloadOutcome{outcome.applied, std::move(outcome.lines)};
  };
  actions.cache_stats = [&] { return cache_stats(*reloader.current()); };
  actions.plugins = [&] { return plugins(*reloader.current()); };
  actions.keys = [&] { return keys.list(); };
  actions.rotate_keys = [&](std::string_view algorithm, bool emergency) { return keys.rotate(algorithm, emergency); };
  actions.status = [&] { return status.json(); };
  actions.modules = [&] {
    auto generation = reloader.current();
    const http::Router* routes = &generation->operator_routes();
    return endpoints::AdminActions::Modules{std::move(generation), routes};
  };
  return actions;
}

} // namespace

std::unique_ptr<endpoints::AdminServer> open_admin_listener(Reloader& reloader, const StatusReport& status,
                                                            SigningKeys& keys, Log& log) {
  const config::Config& config = reloader.current()->config();
  if (config.admin.listen.empty()) return nullptr;
  const auto is_preset = [](const config::EffectiveValue& v) {
    return v.path == "admin.listen" && v.origin == "default";
  };
  try {
    return std::make_unique<endpoints::AdminServer>(config.admin.listen, admin_actions(reloader, status, keys), config,
                                                    log);
  } catch (const std::exception& error) {
    if (std::none_of(config.effective.begin(), config.effective.end(), is_preset)) {
      throw std::runtime_error(std::string("admin.listen: ") + error.what());
    }
    log.write(Level::warn, "no-admin-listener", error.what(), {{"authd.setting", "admin.listen"}});
    return nullptr;
  }
}

} // namespace authd::daemon
