// SPDX-License-Identifier: Apache-2.0
// What [[cache]] plugin = "cache-redis" may say, and what it amounts to.
#pragma once

#include <cstddef>
#include <string>

#include "authd/views.hpp"
#include "redis_url.h"

namespace authd::cache_redis {

inline constexpr const char* kSchema = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "url": {
      "type": "string", "minLength": 1, "default": "redis://127.0.0.1:6379",
      "description": "Where Redis is: redis://[user:password@]host:port/db, rediss:// for TLS, unix:///path, redis+sentinel://host:port,host:port/master-name/db, redis+cluster://host:port,host:port.",
      "x-authd-env": "REDIS_URL", "x-authd-secret": true,
      "x-authd-production-schemes": ["rediss", "rediss+sentinel", "rediss+cluster", "unix", "redis+unix"]
    },
    "username": {
      "type": "string", "minLength": 1,
      "description": "The ACL user; also possible in url.", "examples": ["authd"]
    },
    "password": {
      "type": "string", "minLength": 1,
      "description": "Of the user, or of requirepass; also possible in url.",
      "x-authd-env": "REDIS_PASSWORD", "x-authd-secret": true
    },
    "sentinel_username": {
      "type": "string", "minLength": 1,
      "description": "The ACL user at the sentinels.", "examples": ["authd"]
    },
    "sentinel_password": {
      "type": "string", "minLength": 1,
      "description": "The password of the sentinels, if they have one.",
      "x-authd-secret": true
    },
    "db": {
      "type": "integer", "minimum": 0, "maximum": 15,
      "description": "The database; 0 if neither this nor url says it. A cluster has none.",
      "x-authd-env": "REDIS_DB"
    },
    "ca_file": {
      "type": "string", "format": "path",
      "description": "The authorities that may sign the server's certificate, in PEM; without it those of the system.",
      "examples": ["/etc/authd/redis-ca.pem"]
    },
    "pool_size": {
      "type": "integer", "minimum": 1, "maximum": 256, "default": 10,
      "description": "Most connections to one Redis server."
    },
    "connect_timeout": {
      "type": "integer", "minimum": 1000, "maximum": 30000, "default": 10000, "x-authd-unit": "ms",
      "description": "How long a connection may take until it is ready, TLS and log-in included. Connections are made in the background: no request waits that long.",
      "x-authd-env": "REDIS_CONNECT_TIMEOUT_MS"
    },
    "command_timeout": {
      "type": "integer", "minimum": 1000, "maximum": 30000, "default": 5000, "x-authd-unit": "ms",
      "description": "How long an operation may take at most; the deadline of the call bounds it too.",
      "x-authd-env": "REDIS_COMMAND_TIMEOUT_MS"
    },
    "max_retries": {
      "type": "integer", "minimum": 1, "maximum": 10, "default": 3,
      "description": "How often an operation is tried again after its connection was lost or another server took over, within its deadline.",
      "x-authd-env": "REDIS_MAX_RETRIES"
    },
    "retry_delay": {
      "type": "integer", "minimum": 50, "maximum": 5000, "default": 100, "x-authd-unit": "ms",
      "description": "The first pause before another try or another connection; doubled each time, with jitter.",
      "x-authd-env": "REDIS_RETRY_DELAY_MS"
    }
  }
})";

struct Account {
  std::string username; // empty: the default user
  std::string password; // empty: no AUTH is sent
};

struct Settings {
  RedisUrl url; // without userinfo: see account
  int db = 0;
  Account account;
  Account sentinel_account;
  std::string ca_file; // empty: the system's authorities
  std::size_t pool_size = 10;
  sdk::milliseconds connect_timeout{10000};
  sdk::milliseconds command_timeout{5000};
  unsigned max_retries = 3;
  sdk::milliseconds retry_delay{100};

  std::string where() const { return describe(url, db); } // no secrets
};

// Settings that contradict each other, and a URL that is none, are refused on the call.
Settings read_settings(const sdk::Config& config, sdk::Call& call);

} // namespace authd::cache_redis
