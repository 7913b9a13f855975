// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <cstdlib>
#include <fstream>

#include <openssl/evp.h>

namespace authd::config {
namespace {

constexpr const char* kKongGateway =
    R"({"type":"object","required":["admin_url"],"additionalProperties":false,
"properties":{
"admin_url":{"type":"string","format":"uri","x-authd-env":"KONG_ADMIN_URL","x-authd-https-in-production":true},
"admin_token":{"type":"string","x-authd-secret":true,"x-authd-env":"KONG_ADMIN_TOKEN",
  "x-authd-min-production-length":32},
"admin_token_header":{"type":"string","default":"Kong-Admin-Token"},
"pool_size":{"type":"integer","minimum":1,"maximum":256,"default":10,"x-authd-env":"KONG_CONNECTION_POOL_SIZE"},
"connect_timeout":{"type":"integer","x-authd-unit":"ms","minimum":100,"maximum":60000,"default":5000,
  "x-authd-env":"KONG_CONNECTION_TIMEOUT"}}})";

constexpr const char* kCacheMemory = R"({"type":"object","additionalProperties":false,"properties":{
"max_entries":{"type":"integer","minimum":1,"maximum":100000000,"default":100000,"x-authd-env":"CACHE_MAX_SIZE"}}})";

constexpr const char* kCacheRedis = R"({"type":"object","additionalProperties":false,"properties":{
"url":{"type":"string","default":"redis://127.0.0.1:6379","x-authd-env":"REDIS_URL","x-authd-secret":true,
  "x-authd-production-schemes":["rediss","rediss+sentinel","unix"]},
"password":{"type":"string","x-authd-env":"REDIS_PASSWORD","x-authd-secret":true},
"db":{"type":"integer","minimum":0,"maximum":15,"x-authd-env":"REDIS_DB"}}})";

constexpr const char* kDeclarative = R"({"type":"object","required":["file"],"properties":{
"file":{"type":"string","format":"path"},"watch":{"type":"boolean","default":true}}})";

constexpr const char* kSignerFile = R"({"type":"object","additionalProperties":false,"properties":{
"dir":{"type":"string"}}})";

constexpr const char* kStoreSqlite = R"({"type":"object","additionalProperties":false,"properties":{
"path":{"type":"string"}}})";

constexpr const char* kInvites = R"({"type":"object","additionalProperties":false,"properties":{
"lifetime":{"type":"integer","x-authd-unit":"ms"}}})";

} // namespace

ConfigTest::ConfigTest()
    : schemas_{{"kong-gateway", kKongGateway}, {"cache-memory", kCacheMemory},
               {"cache-redis", kCacheRedis},   {"kong-declarative", kDeclarative},
               {"signer-file", kSignerFile},   {"store-sqlite", kStoreSqlite},
               {"invites", kInvites}} {
  std::string pattern = (std::filesystem::temp_directory_path() / "authd-config-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
}

ConfigTest::~ConfigTest() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::filesystem::path ConfigTest::write(const std::string& name, const std::string& content) const {
  std::ofstream(folder_ / name, std::ios::binary) << content;
  return folder_ / name;
}

SchemaSource ConfigTest::source() const {
  return [this](std::string_view plugin, std::string_view, std::string_view, std::string_view,
                Environment) -> Result<PublishedSettings, Problem> {
    auto at = schemas_.find(std::string(plugin));
    if (at != schemas_.end()) return PublishedSettings{at->second, plugin != "cache-memory"};
    return tl::unexpected(Problem{std::string(plugin) + ".so: no such file [AP-001]"});
  };
}

ConfigTest::Loaded ConfigTest::load_text(const std::string& text, const EnvironmentVariables& variables) {
  return load(write("authd.toml", text).string(), variables, source());
}

ConfigTest::Loaded ConfigTest::load_with_required(const std::string& text, const EnvironmentVariables& variables) {
  return load_text(std::string(kRequiredJwt) + kRequiredGateway + text, variables);
}

ConfigTest::Loaded ConfigTest::load_environment(const EnvironmentVariables& variables) {
  return load("", variables, source());
}

std::vector<std::string> ConfigTest::problems_of(const Loaded& loaded) const {
  EXPECT_FALSE(loaded) << "loads, but should not";
  std::vector<std::string> lines;
  if (loaded) return lines;
  const std::string prefix = folder_.string() + "/";
  for (const Problem& problem : loaded.error()) {
    std::string line = problem.line;
    for (std::size_t at; (at = line.find(prefix)) != std::string::npos;) line.erase(at, prefix.size());
    lines.push_back(std::move(line));
  }
  return lines;
}

Config ConfigTest::config_of(Loaded loaded) const {
  if (loaded) return std::move(*loaded);
  for (const Problem& problem : loaded.error()) ADD_FAILURE() << problem.line;
  return {};
}

EnvironmentVariables required_variables() {
  return {{"KONG_JWT_AUTHORITY", "https://auth.example.com"},
          {"KONG_JWT_AUDIENCE", "api"},
          {"KONG_ADMIN_URL", "https://kong.example.com:8444"}};
}

std::vector<PluginSchema> described_plugins() {
  return {{"gateway", "kong-gateway", kKongGateway}, {"cache", "cache-memory", kCacheMemory}};
}

std::string shown_at(const Config& config, std::string_view path) {
  for (const EffectiveValue& value : config.effective) {
    if (value.path == path) return value.toml;
  }
  return "(not shown)";
}

std::string raw_key(char byte) { return std::string(32, byte); }

std::string cache_key(char byte) {
  std::string text(44, '\0');
  auto* out = reinterpret_cast<unsigned char*>(text.data());
  const std::string raw = raw_key(byte);
  EVP_EncodeBlock(out, reinterpret_cast<const unsigned char*>(raw.data()), 32); // the NUL goes where one is
  return text;
}

} // namespace authd::config
