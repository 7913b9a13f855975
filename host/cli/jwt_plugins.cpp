// SPDX-License-Identifier: Apache-2.0
#include "cli/jwt_plugins.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/URI.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/http_get.h"
#include "net/tls_context.h"

namespace authd::cli {
namespace {

using daemon::Finding;
using Poco::JSON::Object;

constexpr net::milliseconds kPatience{15'000};

std::string scope_of(const Object& plugin) {
  for (const char* scope : {"route", "service", "consumer"}) {
    if (const auto of = plugin.getObject(scope); !of.isNull())
      return fmt::format("jwt plugin of {} {}", scope, of->getValue<std::string>("id"));
  }
  return "jwt plugin of every service";
}

// A member that Kong's plugin has, or what it has by default (kong/plugins/jwt/schema.lua).
template <class T>
T setting(const Object& config, const char* name, T preset) {
  return config.isNull(name) ? preset : config.getValue<T>(name);
}

std::vector<std::string> strings(const Object& config, const char* name) {
  std::vector<std::string> all;
  const auto array = config.getArray(name);
  for (unsigned i = 0; !array.isNull() && i < array->size(); ++i) all.push_back(array->getElement<std::string>(i));
  return all;
}

class Comparison {
 public:
  Comparison(const Object& plugin, const config::Jwt& jwt) : scope_(scope_of(plugin)), jwt_(jwt) {
    const Object::Ptr given = plugin.getObject("config");
    const Object::Ptr config = given.isNull() ? Object::Ptr(new Object(0)) : given;
    const Object& its = *config;
    compare_claim(setting<std::string>(its, "key_claim_name", "iss"));
    compare_secret(setting(its, "secret_is_base64", false));
    compare_verified(strings(its, "claims_to_verify"));
    compare_expiration(setting(its, "maximum_expiration", 0));
    if (findings_.empty()) findings_.push_back({Finding::Verdict::good, scope_ + " accepts authd's tokens"});
  }
  std::vector<Finding> take() { return std::move(findings_); }

 private:
  void warn(const std::string& what) { findings_.push_back({Finding::Verdict::warning, scope_ + ": " + what}); }

  void compare_claim(const std::string& name) {
    if (name == jwt_.key_claim_name) return;
    warn(fmt::format("key_claim_name is \"{}\", jwt.key_claim_name is \"{}\"; it refuses authd's tokens", name,
                     jwt_.key_claim_name));
  }
  void compare_secret(bool is_base64) {
    if (is_base64 == jwt_.secret_is_base64) return;
    warn(fmt::format("secret_is_base64 is {}, jwt.secret_is_base64 is {}; it refuses authd's tokens", is_base64,
                     jwt_.secret_is_base64));
  }
  void compare_verified(const std::vector<std::string>& claims) {
    if (std::find(claims.begin(), claims.end(), "exp") != claims.end()) return;
    warn(fmt::format("claims_to_verify is [{}]; without exp a token never expires there", fmt::join(claims, ", ")));
  }
  void compare_expiration(int most) {
    if (most == 0 || most >= jwt_.expiration.count()) return;
    warn(fmt::format("maximum_expiration is {} s, jwt.expiration is {} s; it refuses authd's tokens", most,
                     jwt_.expiration.count()));
  }

  const std::string scope_;
  const config::Jwt& jwt_;
  std::vector<Finding> findings_;
};

std::string text_setting(const config::PluginSettings& settings, std::string_view pointer, std::string preset) {
  const auto at = settings.values.find(pointer);
  return at == settings.values.end() ? preset : std::string(at->second.text.reveal());
}

// As plugins/shared/kong-admin has it: a leading "Bearer " is not part of the token.
std::string without_bearer(std::string token) {
  constexpr std::size_t kLength = 7;
  const bool has = token.size() > kLength && (token.starts_with("Bearer ") || token.starts_with("bearer "));
  return has ? token.substr(kLength) : token;
}

std::shared_ptr<SSL_CTX> context_for(const config::OutgoingTls& tls) {
  auto context = net::make_tls_context(tls.ca_file);
  if (tls.identity != nullptr) tls.identity->equip_client(context.get());
  return context;
}

// Where Kong's or Konnect's list of plugins is; nullopt: neither is configured.
std::optional<HttpGet> plugin_list(const config::Gateway& gateway) {
  const bool konnect = gateway.plugin == "kong-konnect";
  if (!konnect && gateway.plugin != "kong-gateway") return std::nullopt;
  std::string base = text_setting(gateway.settings, "/admin_url", "");
  while (base.ends_with('/')) base.pop_back();
  const Poco::URI url(base + (konnect ? "/core-entities/plugins?size=1000" : "/plugins?size=1000"));
  HttpGet get{.to = {url.getHost(), std::to_string(url.getPort())}, .target = url.getPathAndQuery()};
  get.headers.emplace_back("Accept", "application/json");
  const std::string token = without_bearer(text_setting(gateway.settings, "/admin_token", ""));
  if (konnect)
    get.headers.emplace_back("Authorization", "Bearer " + token);
  else if (!token.empty())
    get.headers.emplace_back(text_setting(gateway.settings, "/admin_token_header", "Kong-Admin-Token"), token);
  if (url.getScheme() == "https") get.tls = context_for(gateway.tls);
  return get;
}

std::vector<Finding> not_read(const std::string& why) {
  return {{Finding::Verdict::warning, "the jwt plugins' settings cannot be read: " + why}};
}

} // namespace

std::vector<Finding> compare_jwt_plugins(std::string_view page, const config::Jwt& jwt) {
  const auto list = Poco::JSON::Parser().parse(std::string(page)).extract<Object::Ptr>()->getArray("data");
  if (list.isNull()) throw Poco::DataFormatException("there is no member \"data\"");
  std::vector<Finding> findings;
  for (unsigned i = 0; i < list->size(); ++i) {
    const Object::Ptr plugin = list->getObject(i);
    if (plugin.isNull() || plugin->optValue<std::string>("name", "") != "jwt") continue;
    if (!plugin->optValue("enabled", true)) continue;
    for (Finding& finding : Comparison(*plugin, jwt).take()) findings.push_back(std::move(finding));
  }
  if (findings.empty())
    findings.push_back({Finding::Verdict::warning, "there is no jwt plugin: nothing takes the tokens"});
  return findings;
}

std::vector<Finding> look_at_jwt_plugins(const config::Config& config) {
  try {
    const auto get = plugin_list(config.gateway);
    if (!get) return {};
    const auto answer = http_get(*get, net::Deadline(kPatience));
    if (!answer) return not_read(answer.error().what);
    if (answer->status != 200) return not_read(fmt::format("status {}", answer->status));
    return compare_jwt_plugins(answer->body, config.jwt);
  } catch (const Poco::Exception& error) {
    return not_read(error.displayText());
  } catch (const std::exception& error) {
    return not_read(error.what());
  }
}

} // namespace authd::cli
