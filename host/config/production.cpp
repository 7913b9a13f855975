// SPDX-License-Identifier: Apache-2.0
#include "config/production.h"

#include <algorithm>
#include <cctype>
#include <functional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/checker.h"
#include "config/claims.h"
#include "config/formats.h"
#include "config/plugin_settings.h"
#include "config/printing.h"

namespace authd::config {
namespace {

bool has_rule(const Shape& shape) {
  return shape.https_in_production || shape.required_in_production || shape.min_production_length > 0 ||
         !shape.production_schemes.empty() || shape.production_rule;
}

bool contains(const std::vector<std::string>& list, const std::string& entry) {
  return std::find(list.begin(), list.end(), entry) != list.end();
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// "test" in "auth-test" but not in "contest": whole words only.
bool has_word(std::string_view text, std::string_view word) {
  auto is_letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    std::size_t end = at + word.size();
    bool begins = at == 0 || !is_letter(text[at - 1]);
    bool ends = end == text.size() || !is_letter(text[end]);
    if (begins && ends) return true;
  }
  return false;
}

std::string url_violation(std::string_view value) {
  auto url = url_parts(value);
  if (!url) return {};
  if (url->scheme != "https") return "production refuses plain http; use https";
  if (is_loopback(url->host) || is_unspecified(url->host)) {
    return "production refuses a loopback address, which others cannot reach";
  }
  return {};
}

// A token may be written as it stands in a header: the scheme's word is no part of it.
std::string_view without_scheme(std::string_view token) {
  constexpr std::string_view kBearer = "bearer ";
  return lower_case(token.substr(0, kBearer.size())) == kBearer ? token.substr(kBearer.size()) : token;
}

std::string token_violation(std::string_view value, std::size_t least) {
  if (value.size() < least) {
    return fmt::format("production refuses a secret of {} characters; expected at least {}", value.size(), least);
  }
  if (is_placeholder(value)) return "production refuses what looks like a placeholder";
  return {};
}

std::string scheme_violation(std::string_view value, const std::vector<std::string>& allowed) {
  std::size_t end = value.find("://");
  if (end != std::string_view::npos && contains(allowed, std::string(value.substr(0, end)))) return {};
  return fmt::format("production refuses this scheme; use {}://", fmt::join(allowed, "://, "));
}

std::string service_violation(const std::string& path, std::string_view written) {
  const std::string value = lower_case(written);
  if (path == "telemetry.service_name" && (has_word(value, "localhost") || has_word(value, "test"))) {
    return "production refuses a service name with \"localhost\" or \"test\" in it";
  }
  if (path == "telemetry.service_version" && (value == "dev" || value == "latest")) {
    return "production refuses \"dev\" and \"latest\"; name the version that runs";
  }
  return {};
}

// A waiver would be of no use: production does not serve /debug.
bool is_waivable(const std::string& path) { return path != "profiling.enabled"; }

std::string violation(const std::string& path, const Node& node, const Shape& shape) {
  if (path == "profiling.enabled" && node.integer != 0) {
    return "production refuses profiling; remove the setting, or profile in another environment";
  }
  if (node.kind != Node::Kind::string || node.unknown) return {};
  std::string_view value = node.text.reveal();
  if (shape.https_in_production) return url_violation(value);
  if (shape.min_production_length > 0) return token_violation(without_scheme(value), shape.min_production_length);
  if (!shape.production_schemes.empty()) return scheme_violation(value, shape.production_schemes);
  return service_violation(path, value);
}

std::string absence(const Shape& shape) {
  if (shape.variable.empty()) return "is required in production";
  return fmt::format("is required in production (or {} in the environment)", shape.variable);
}

class Rules {
 public:
  Rules(Config& config, Problems& problems) : config_(config), problems_(problems) {}

  void visit(const Section& section) {
    prefix_ = {section.path, waiver_prefix(section)};
    visit(section.node, section.shape, section.path);
  }

  void visit(const Node& table, const Shape& shape, const std::string& path) {
    for (const Property& p : shape.properties) {
      const Node* value = table.find(p.name);
      const std::string inner = child_path(path, p.name);
      if (value == nullptr) {
        if (p.shape.required_in_production) refuse(table.origin, inner, absence(p.shape));
        continue;
      }
      if (p.shape.type == Type::object) visit(*value, p.shape, inner);
      visit_entries(*value, p.shape, inner);
      std::string message = violation(inner, *value, p.shape);
      if (!message.empty()) refuse(value->origin, inner, message);
    }
  }

  void visit_entries(const Node& array, const Shape& shape, const std::string& path) {
    if (shape.type != Type::array || shape.items.front().type != Type::object) return;
    for (std::size_t i = 0; i < array.items.size(); ++i)
      visit(array.items[i], shape.items.front(), fmt::format("{}[{}]", path, i));
  }

  // The default is a guess about the network, and production does not guess.
  void require_trusted_gateways(const Node& security) {
    const Node* said = security.find("trusted_gateways");
    bool explicitly = said != nullptr && said->origin.kind != Origin::Kind::preset && !said->items.empty();
    if (explicitly) return;
    refuse(said != nullptr ? said->origin : security.origin, "security.trusted_gateways",
           "is required in production: the address ranges of the gateways that may ask for tokens, such as "
           "[\"10.0.0.0/8\"] (or AUTHD_TRUSTED_GATEWAYS in the environment)");
  }

  void require_encryption_keys(const Node& lookup) {
    auto remote = std::ranges::find(config_.cache, true, &Tier::remote);
    if (remote == config_.cache.end() || !config_.lookup.encryption_keys.empty()) return;
    const Node* said = lookup.find("encryption_keys");
    if (said != nullptr && !said->items.empty()) return; // and are refused already
    refuse(said != nullptr ? said->origin : lookup.origin, "lookup.encryption_keys",
           fmt::format("is required in production, because {} may store secrets outside this process (or "
                       "AUTHD_CACHE_KEYS in the environment)",
                       remote->name));
  }

  // Outside of production authd makes one itself, beside the store: whoever copies the folder has both.
  void require_master_keys(const Node& secrets) {
    const bool seals = !config_.endpoints.empty() || !config_.others.empty();
    const Node* said = secrets.find("master_keys");
    if (!seals || !config_.master_keys.empty() || (said != nullptr && !said->items.empty())) return;
    refuse(said != nullptr ? said->origin : secrets.origin, "secrets.master_keys",
           "is required in production, because modules, records and keys are sealed with it (or AUTHD_MASTER_KEYS in "
           "the environment)");
  }

  void require_vouched_headers(const Node& jwt) {
    for (const HeaderClaim& claim : unvouched_claims_of(jwt)) {
      refuse_unless_waived(claim.origin, child_path("jwt.claims", claim.name), waiver_of(claim),
                           fmt::format("production refuses a header that a client may set: {}", why_unvouched(claim)));
    }
  }

 private:
  void refuse(const Origin& origin, const std::string& path, const std::string& message) {
    if (!is_waivable(path)) return problems_.add(origin, path, message);
    const bool within = !prefix_.path.empty() && path.starts_with(prefix_.path);
    refuse_unless_waived(origin, path, within ? prefix_.waiver + path.substr(prefix_.path.size()) : path, message);
  }

  void refuse_unless_waived(const Origin& origin, const std::string& path, const std::string& waiver,
                            const std::string& message) {
    if (contains(config_.security.waivers, waiver)) {
      config_.warnings.push_back(fmt::format("{}: {} [waived by security.waivers]", waiver, message));
    } else {
      problems_.add(
          origin, path,
          fmt::format("{}; or waive it: security.waivers = [{}]", message, to_toml(string_node(waiver), Shape{})));
    }
  }

  struct Prefix {
    std::string path;   // of the section that is visited: "cache[0]"
    std::string waiver; // what a waiver calls it: "cache.shared"
  };
  Prefix prefix_;

  Config& config_;
  Problems& problems_;
};

void collect(const Shape& shape, const std::string& path, std::vector<std::string>& paths) {
  for (const Property& p : shape.properties) {
    std::string inner = child_path(path, p.name);
    if (has_rule(p.shape) && is_waivable(inner)) paths.push_back(inner);
    if (p.shape.type == Type::object) collect(p.shape, inner, paths);
  }
}

} // namespace

std::string waiver_prefix(const Section& section) {
  const std::size_t bracket = section.path.find('[');
  if (bracket == std::string::npos) return section.path;
  const Node* name = section.node.find("name");
  const Node* plugin = section.node.find("plugin");
  const std::string called = name != nullptr     ? std::string(name->text.reveal())
                             : plugin != nullptr ? plugin_name(plugin->text.reveal())
                                                 : "";
  return fmt::format("{}.{}", section.path.substr(0, bracket), called);
}

void check_production(const std::vector<Section>& sections, Config& config, Problems& problems) {
  if (config.environment != Environment::production) return;
  Rules rules(config, problems);
  for (const Section& s : sections) {
    rules.visit(s);
    if (s.path == "jwt") rules.require_vouched_headers(s.node);
    if (s.path == "security" && config.has_gateway) rules.require_trusted_gateways(s.node);
    if (s.path == "lookup") rules.require_encryption_keys(s.node);
    if (s.path == "secrets") rules.require_master_keys(s.node);
  }
}

std::vector<std::string> waivable_paths(const std::vector<Section>& sections) {
  std::vector<std::string> paths;
  for (const Section& s : sections) {
    collect(s.shape, waiver_prefix(s), paths);
    if (s.path != "jwt") continue;
    for (const HeaderClaim& claim : header_claims_of(s.node)) paths.push_back(waiver_of(claim));
  }
  return paths;
}

} // namespace authd::config
