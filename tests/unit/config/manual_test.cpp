// SPDX-License-Identifier: Apache-2.0
// etc/authd.toml is generated; this test has the plugins' own schemas, read from their files.
#include <fstream>
#include <set>
#include <sstream>

#include <Poco/String.h>
#include <gtest/gtest.h>

#include "authd/cache.h"
#include "authd/gateway.h"
#include "authd/signer.h"
#include "config/describe/describing.h"
#include "config/loading.h"
#include "config/settings.h"
#include "plugin/schema_source.h"

namespace authd::config {
namespace {

std::string content_of(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

std::vector<PluginSchema> our_plugins() {
  std::vector<PluginSchema> plugins;
  auto add = [&, source = plugin::make_schema_source()](const char* table, const char* name, const char* kind) {
    auto published = source(name, AUTHD_BUILT_PLUGINS, "", kind, Environment::development);
    if (published) plugins.push_back({table, name, published->schema});
    if (!published) ADD_FAILURE() << published.error().line;
  };
  add("gateway", "kong-gateway", AUTHD_GATEWAY_V1);
  add("gateway", "kong-declarative", AUTHD_GATEWAY_V1);
  add("gateway", "kong-konnect", AUTHD_GATEWAY_V1);
  add("cache", "cache-memory", AUTHD_CACHE_V1);
  add("cache", "cache-redis", AUTHD_CACHE_V1);
  add("signer", "signer-file", AUTHD_SIGNER_V1);
  return plugins;
}

TEST(EtcAuthdToml, IsTheManualOfThisBuild) {
  const std::string generated = commented_manual(our_plugins());
  const std::string shipped = std::string(AUTHD_SOURCE_DIR) + "/etc/authd.toml";
  const std::string here = std::string(AUTHD_BINARY_DIR) + "/authd.toml.generated";
  if (content_of(shipped) == generated) return;
  std::ofstream(here, std::ios::binary) << generated;
  FAIL() << "etc/authd.toml differs from the settings table; if the table is right:\n  cp " << here << " " << shipped;
}

// The names in the line "| `[table]` | a, b |" of the section about what is not built.
std::set<std::string> documented_as_not_built(const std::string& table) {
  const std::string page = content_of(std::string(AUTHD_SOURCE_DIR) + "/docs/configuration.md");
  const std::size_t from = page.find("\n## Known, without effect in this version\n");
  const std::string section = page.substr(from, page.find("\n## ", from + 1) - from);
  const std::string opening = "\n| `[" + table + "]` | ";
  const std::size_t line = section.find(opening);
  std::set<std::string> names;
  if (line == std::string::npos) return names;
  const std::size_t begin = line + opening.size();
  std::istringstream cells(section.substr(begin, section.find(" |", begin) - begin));
  for (std::string name; std::getline(cells >> std::ws, name, ',');) names.insert(name);
  return names;
}

TEST(ConfigurationPage, ListsWhatIsNotBuiltYetAndTheManualDoesNot) {
  const std::string manual = content_of(std::string(AUTHD_SOURCE_DIR) + "/etc/authd.toml");
  for (const Table& table : tables()) {
    std::set<std::string> not_built;
    for (const Setting& s : settings()) {
      if (s.table == table.name && s.not_built) not_built.insert(std::string(s.key));
    }
    EXPECT_EQ(documented_as_not_built(std::string(table.name)), not_built) << table.name;
  }
  EXPECT_EQ(manual.find("trusted_keys"), std::string::npos);
}

// With what is required; fails the test with the problems.
Config loaded(const std::string& file, EnvironmentVariables variables = {}) {
  variables.insert({{"KONG_JWT_AUTHORITY", "https://auth.example.com"},
                    {"KONG_JWT_AUDIENCE", "api"},
                    {"KONG_ADMIN_URL", "https://kong.example.com:8444"}});
  SchemaSource built = [source = plugin::make_schema_source()](std::string_view plugin, std::string_view,
                                                               std::string_view pin, std::string_view kind,
                                                               Environment environment) {
    return source(plugin, AUTHD_BUILT_PLUGINS, pin, kind, environment);
  };
  auto config = load(file, variables, built);
  if (config) return std::move(*config);
  for (const Problem& problem : config.error()) ADD_FAILURE() << problem.line;
  return {};
}

TEST(EtcAuthdToml, LoadsWithWhatIsRequired) {
  EXPECT_EQ(loaded(std::string(AUTHD_SOURCE_DIR) + "/etc/authd.toml").cache.size(), 1U);
}

TEST(EtcAuthdToml, HasASecondTierToTakeTheCommentOff) {
  std::string text = content_of(std::string(AUTHD_SOURCE_DIR) + "/etc/authd.toml");
  std::size_t from = text.find("\n#[[cache]]\n");
  ASSERT_NE(from, std::string::npos);
  std::size_t to = text.find("\n\n", from);
  const std::string tier = Poco::replace(text.substr(from, to - from), std::string("\n#"), std::string("\n"));
  text.replace(from, to - from, tier);
  const std::string folder = testing::TempDir();
  const std::string edited = folder + "authd-second-tier.toml";
  std::ofstream(edited, std::ios::binary) << text;
  std::ofstream(folder + "redis_password", std::ios::binary) << "s3cret";
  const Config config = loaded(edited, {{"CREDENTIALS_DIRECTORY", folder}});
  ASSERT_EQ(config.cache.size(), 2U);
  EXPECT_EQ(config.cache[1].plugin, "cache-redis");
  EXPECT_EQ(config.cache[1].settings.values.at("/password").text.reveal(), "s3cret");
}

} // namespace
} // namespace authd::config
