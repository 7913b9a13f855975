// SPDX-License-Identifier: Apache-2.0
// A folder with an authd.toml in it, and plugins of which only the schemas exist.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/describe/describing.h"
#include "config/loading.h"

namespace authd::config {

inline constexpr const char* kRequiredJwt = "[jwt]\nauthority = \"https://auth.example.com\"\naudience = \"api\"\n";
inline constexpr const char* kRequiredGateway = "[gateway]\nadmin_url = \"https://kong.example.com:8444\"\n";

class ConfigTest : public testing::Test {
 protected:
  ConfigTest();
  ~ConfigTest() override;

  using Loaded = Result<Config, std::vector<Problem>>;

  // Loads this text as authd.toml.
  Loaded load_text(const std::string& text, const EnvironmentVariables& variables = {});
  // The same with [jwt] and [gateway] as required before it.
  Loaded load_with_required(const std::string& text, const EnvironmentVariables& variables = {});
  // Without a file.
  Loaded load_environment(const EnvironmentVariables& variables);

  // The problems, with the name of the folder taken out of them; fails the test when there is none.
  std::vector<std::string> problems_of(const Loaded& loaded) const;
  // The configuration; fails the test with the problems otherwise.
  Config config_of(Loaded loaded) const;

  std::filesystem::path write(const std::string& name, const std::string& content) const;
  std::string file() const { return (folder_ / "authd.toml").string(); }
  SchemaSource source() const;

  std::filesystem::path folder_;
  std::map<std::string, std::string> schemas_; // plugin -> JSON
};

// "KONG_JWT_AUTHORITY" and the others that a start without a file needs.
EnvironmentVariables required_variables();

// The schemas of kong-gateway and cache-memory as the fixture has them, for descriptions.
std::vector<PluginSchema> described_plugins();

// The value that `config` shows at this path: TOML text.
std::string shown_at(const Config& config, std::string_view path);

// Base64 of 32 times this byte, and the 32.
std::string cache_key(char byte);
std::string raw_key(char byte);

} // namespace authd::config
