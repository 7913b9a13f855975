// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <stdexcept>
#include <utility>

namespace authd::cache_redis {
namespace {

constexpr std::string_view kDefaultUrl = "redis://127.0.0.1:6379";

// A setting of its own wins over the URL, so that a secret may come from elsewhere.
std::string setting_or(const sdk::Config& config, std::string_view pointer, std::string_view from_url) {
  const std::string_view own = config.string(pointer);
  return std::string(own.empty() ? from_url : own);
}

RedisUrl read_url(const sdk::Config& config, sdk::Call& call) {
  try {
    return parse_redis_url(config.string("/url", kDefaultUrl));
  } catch (const std::invalid_argument& why) {
    (void)call.refuse("/url", why.what());
    return parse_redis_url(kDefaultUrl);
  }
}

int read_db(const sdk::Config& config, const RedisUrl& url, sdk::Call& call) {
  if (!config.has("/db")) return url.db.value_or(0);
  const int db = static_cast<int>(config.integer("/db", 0));
  if (url.db && *url.db != db) (void)call.refuse("/db", "differs from the database that url names");
  if (url.deployment == Deployment::cluster && db != 0) (void)call.refuse("/db", "a cluster has only database 0");
  return db;
}

} // namespace

Settings read_settings(const sdk::Config& config, sdk::Call& call) {
  Settings s;
  s.url = read_url(config, call);
  s.account.username = setting_or(config, "/username", s.url.username);
  s.account.password = Secret(setting_or(config, "/password", s.url.password.reveal()));
  s.url.username.clear();
  s.url.password.clear();
  if (!s.account.username.empty() && s.account.password.empty())
    (void)call.refuse("/password", "is required when a user is set");
  s.sentinel_account = {std::string(config.string("/sentinel_username")),
                        Secret(std::string(config.string("/sentinel_password")))};
  s.db = read_db(config, s.url, call);
  s.ca_file = config.string("/ca_file");
  s.pool_size = static_cast<std::size_t>(config.integer("/pool_size", 10));
  s.connect_timeout = config.duration("/connect_timeout", s.connect_timeout);
  s.command_timeout = config.duration("/command_timeout", s.command_timeout);
  s.max_retries = static_cast<unsigned>(config.integer("/max_retries", 3));
  s.retry_delay = config.duration("/retry_delay", s.retry_delay);
  return s;
}

} // namespace authd::cache_redis
