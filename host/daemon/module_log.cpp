// SPDX-License-Identifier: Apache-2.0
#include "daemon/module_log.h"

#include <fmt/format.h>

namespace authd::daemon {
namespace {

std::string route_of(const endpoints::ModuleOperation& operation) {
  return fmt::format("{} {}", http::name_of(operation.description().method), operation.description().path);
}

} // namespace

void ModuleLog::overran(const endpoints::ModuleOperation& operation, std::chrono::nanoseconds took) {
  log_.write_repeated(Level::debug, "first-pass-overrun", "a first pass took longer than 200 us", operation.instance(),
                      "",
                      {{"authd.plugin.instance", operation.instance()},
                       {"url.path", operation.description().path},
                       {"event.duration", static_cast<std::int64_t>(took.count())}});
}

void ModuleLog::demoted(const endpoints::ModuleOperation& operation) {
  log_.write(
      Level::warn, "route-demoted",
      fmt::format("{} of {}: its first pass took longer than 200 us ten times within ten seconds, so it is called "
                  "on workers alone until the next reload; let it answer AUTHD_WOULD_BLOCK sooner",
                  route_of(operation), operation.instance()),
      {{"authd.plugin.instance", operation.instance()}, {"url.path", operation.description().path}});
}

void ModuleLog::dropped(const std::string& instance, const modules::Event& event, const std::string& why) {
  log_.write(Level::error, "event-dropped", fmt::format("{} was not told to {}: {}", event.type, instance, why),
             {{"authd.plugin.instance", instance}, {"event.action", event.type}});
}

} // namespace authd::daemon
