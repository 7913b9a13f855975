// SPDX-License-Identifier: Apache-2.0
// Instances that share one Redis, each with an admin socket of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scene.h"
#include "support/redis_server.h"
#include "support/token_forge.h"

namespace authd::test {

class SharedTier : public testing::Test {
 protected:
  // authd.toml in front of the tiers: a Settings without [[cache]], to which an admin socket is added. `ttl`: how long
  // copies are fresh for this instance, in memory and in Redis.
  std::size_t start(Settings settings, std::string_view ttl = "1h", const std::string& more_tiers = {}) {
    return start_over(redis_.port(), std::move(settings), ttl, more_tiers);
  }
  // Over what listens there and leads to the Redis.
  std::size_t start_over(std::uint16_t redis, Settings settings, std::string_view ttl,
                         const std::string& more_tiers = {}) {
    settings.drop("cache").set_text("admin", "listen", "unix:" + socket(instances_.size()));
    const std::string life = "ttl = \"" + std::string(ttl) + "\"\n";
    instances_.push_back(std::make_unique<AuthdProcess>(
        settings.toml() + "[[cache]]\nplugin = \"cache-memory\"\n" + life + "[[cache]]\nplugin = \"cache-redis\"\n" +
            life + "url = \"redis://127.0.0.1:" + std::to_string(redis) + "\"\n" + more_tiers,
        Environment{}));
    instances_.back()->await_ready();
    return instances_.size() - 1;
  }

  HttpReply tokens(std::size_t instance, const std::string& id) const {
    return get(instances_[instance]->port(), "/tokens", consumer_headers(id, "a-name"));
  }
  // Until it signs for this consumer with this secret.
  bool await_secret(std::size_t instance, const std::string& id, const std::string& secret) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline)
      if (is_signed_with(tokens(instance, id), secret)) return true;
    return false;
  }
  static bool is_signed_with(const HttpReply& reply, const std::string& secret) {
    const std::string token = token_of(reply);
    if (token.empty()) return false;
    const TokenParts parts = take_apart(token);
    return forge(parts.header, parts.payload, secret) == token;
  }
  // Copies are stored in Redis after the request has been answered.
  bool await_copy_in_redis(const std::string& id) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline)
      if (std::stoi(redis_.run({"STRLEN", "authd:v1:" + id})) > 8) return true; // a tombstone has 8
    return false;
  }

  // As an operator does it: `authd cache invalidate ...`.
  Finished invalidate(std::size_t instance, const std::string& what) const {
    return run_authd({"cache", "invalidate", "--socket", socket(instance), what});
  }
  static std::string text(const std::vector<std::string>& lines) {
    std::string all;
    for (const std::string& line : lines) all += line;
    return all;
  }
  std::string socket(std::size_t instance) const { return (sockets_.path() / std::to_string(instance)).string(); }

  RedisServer redis_;
  TempDir sockets_;
  std::vector<std::unique_ptr<AuthdProcess>> instances_;
};

} // namespace authd::test
