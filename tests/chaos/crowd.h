// SPDX-License-Identifier: Apache-2.0
// Many consumers with a credential each, and configurations to serve them with.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/authd_process.h"
#include "support/fake_kong.h"
#include "support/http_client.h"

namespace authd::test {

// Every member has an id, a key and a secret of its own.
struct Crowd {
  explicit Crowd(std::size_t size);
  std::vector<std::string> ids;

  static std::string key_of(const std::string& id) { return "key-" + id; }
  static std::string secret_of(const std::string& id) { return "secret-of-" + id; }
  void move_into(FakeKong& kong) const;           // with credentials
  void move_in_without_any(FakeKong& kong) const; // consumers only
  std::string kong_yml() const;                   // the same for kong-declarative
};

// A Kong of the crowd's, on this port if it is given: one that was killed comes back where it was. It keeps
// no list of targets.
std::unique_ptr<FakeKong> kong_with(const Crowd& crowd, std::uint16_t port = 0);

// authd.toml: kong-gateway, the tiers as texts, fastest first, and `more` tables in front of them.
// `workers`: gateway.pool_size.
std::string config_for(const FakeKong& kong, const std::vector<std::string>& tiers, const std::string& more = {},
                       int workers = 10);
std::string config_for(const std::string& kong_url, const std::vector<std::string>& tiers, const std::string& more = {},
                       int workers = 10);
std::string memory_tier(std::string_view ttl = "1s");
std::string redis_tier(const std::string& url, std::string_view ttl = "1s");

// Of a token that authd issued; empty: none.
std::string key_in(const HttpReply& reply);
bool is_signed_with(const HttpReply& reply, const std::string& secret);

} // namespace authd::test
