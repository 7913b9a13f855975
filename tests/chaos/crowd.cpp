// SPDX-License-Identifier: Apache-2.0
#include "crowd.h"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "support/token_forge.h"

namespace authd::test {
namespace {

std::string id_number(std::size_t n) {
  const std::string digits = std::to_string(n);
  return "30000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

std::string token_in(const HttpReply& reply) {
  if (reply.status != 200) return {};
  const auto body = Poco::JSON::Parser().parse(reply.body).extract<Poco::JSON::Object::Ptr>();
  return body->getValue<std::string>("access_token");
}

} // namespace

Crowd::Crowd(std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) ids.push_back(id_number(i));
}

void Crowd::move_in_without_any(FakeKong& kong) const {
  for (const std::string& id : ids) kong.add_consumer("user-" + id, id);
}

void Crowd::move_into(FakeKong& kong) const {
  move_in_without_any(kong);
  for (const std::string& id : ids) kong.add_credential(id, {key_of(id), secret_of(id)});
}

std::string Crowd::kong_yml() const {
  std::string out = "_format_version: \"3.0\"\nconsumers:\n";
  for (const std::string& id : ids) {
    out += "  - id: " + id + "\n    username: user-" + id + "\n    jwt_secrets:\n      - key: " + key_of(id) +
           "\n        secret: " + secret_of(id) + "\n";
  }
  return out;
}

std::unique_ptr<FakeKong> kong_with(const Crowd& crowd, std::uint16_t port) {
  FakeKong::Options options;
  options.port = port;
  options.count_targets = false;
  auto kong = std::make_unique<FakeKong>(options);
  crowd.move_into(*kong);
  return kong;
}

std::string config_for(const FakeKong& kong, const std::vector<std::string>& tiers, const std::string& more,
                       int workers) {
  return config_for(kong.url(), tiers, more, workers);
}

std::string config_for(const std::string& kong_url, const std::vector<std::string>& tiers, const std::string& more,
                       int workers) {
  Settings settings(kong_url);
  settings.drop("cache").set("gateway", "pool_size", std::to_string(workers));
  std::string out = settings.toml() + more;
  for (const std::string& tier : tiers) out += tier;
  return out;
}

std::string memory_tier(std::string_view ttl) {
  return "[[cache]]\nplugin = \"cache-memory\"\nttl = \"" + std::string(ttl) + "\"\nstale = \"30m\"\n";
}

std::string redis_tier(const std::string& url, std::string_view ttl) {
  return "[[cache]]\nplugin = \"cache-redis\"\nurl = \"" + url + "\"\nttl = \"" + std::string(ttl) +
         "\"\nstale = \"120m\"\n";
}

std::string key_in(const HttpReply& reply) {
  const std::string token = token_in(reply);
  return token.empty() ? std::string() : take_apart(token).claims->getValue<std::string>("key");
}

bool is_signed_with(const HttpReply& reply, const std::string& secret) {
  const std::string token = token_in(reply);
  if (token.empty()) return false;
  const TokenParts parts = take_apart(token);
  return forge(parts.header, parts.payload, secret) == token;
}

} // namespace authd::test
