// SPDX-License-Identifier: Apache-2.0
// What [[cache]] plugin = "cache-redis" may say, and what it amounts to.
#pragma once

#include <cstddef>
#include <string>

#include "authd/views.hpp"
#include "redis_url.h"
#include "secrets/secret.h"

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
      "description": "The ACL user; can also be given in url.", "examples": ["authd"]
    },
    "password": {
      "type": "string", "minLength": 1,
      "description": "The password of the user, or of requirepass; can also be given in url.",
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
      "description": "The number of the database; default: the one in url, else 0. Not for clusters.",
      "x-authd-env": "REDIS_DB"
    },
    "ca_file": {
      "type": "string", "format": "path",
      "description": "PEM: the authorities that may sign the server's certificate; default: those of the system.",
      "examples": ["/etc/authd/redis-ca.pem"]
    },
    "pool_size": {
      "type": "integer", "minimum": 1, "maximum": 256, "default": 10,
      "description": "The maximum number of connections to one Redis server."
    },
    "connect_timeout": {
      "type": "integer", "minimum": 1000, "maximum": 30000, "default": 10000, "x-authd-unit": "ms",
      "description": "How long connecting may take, including TLS and log-in. No request waits for it.",
      "x-authd-env": "REDIS_CONNECT_TIMEOUT_MS"
    },
    "command_timeout": {
      "type": "integer", "minimum": 1000, "maximum": 30000, "default": 5000, "x-authd-unit": "ms",
      "description": "How long an operation may take; the deadline of the call also applies.",
      "x-authd-env": "REDIS_COMMAND_TIMEOUT_MS"
    },
    "max_retries": {
      "type": "integer", "minimum": 1, "maximum": 10, "default": 3,
      "description": "The maximum number of retries after a lost connection or a failover, within the deadline.",
      "x-authd-env": "REDIS_MAX_RETRIES"
    },
    "retry_delay": {
      "type": "integer", "minimum": 50, "maximum": 5000, "default": 100, "x-authd-unit": "ms",
      "description": "The pause before the first retry or reconnection; doubled each time, with jitter.",
      "x-authd-env": "REDIS_RETRY_DELAY_MS"
    }
  }
})";

struct Account {
  std::string username; // empty: the default user
  Secret password;      // empty: no AUTH is sent
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
