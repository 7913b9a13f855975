// SPDX-License-Identifier: Apache-2.0
// Where Redis is, in one line:
//
//   redis://[[user]:password@]host[:6379][/db]           one server
//   redis+sentinel://host[:26379],host/master-name[/db]  the master that these sentinels name
//   redis+cluster://host[:6379],host                     a cluster that these nodes know
//   unix:///path/of/socket                               one server on this machine; also redis+unix://
//
// rediss://, rediss+sentinel:// and rediss+cluster:// are the same over TLS. What stands before '@' is
// percent-decoded (RFC 3986, section 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fault.h"
#include "secrets/secret.h"

namespace authd::cache_redis {

enum class Deployment { single, sentinel, cluster };

struct RedisUrl {
  Deployment deployment = Deployment::single;
  bool tls = false;
  std::vector<Endpoint> endpoints; // at least one
  std::string master_name;         // of sentinels
  std::optional<int> db;           // 0-15
  std::string username;
  Secret password;
};

// Throws std::invalid_argument, whose text says what is wrong and holds nothing of the userinfo.
RedisUrl parse_redis_url(std::string_view url);

// The same URL for logs: no user, no password.
std::string describe(const RedisUrl& url, int db);

} // namespace authd::cache_redis
