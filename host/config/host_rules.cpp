// SPDX-License-Identifier: Apache-2.0
#include "config/host_rules.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/checker.h"
#include "config/claims.h"
#include "config/formats.h"
#include "config/kinds.h"
#include "config/nearest.h"
#include "config/otlp_headers.h"
#include "config/plugin_settings.h"
#include "config/printing.h"
#include "config/production.h"
#include "config/settings.h"

namespace authd::config {
namespace {

const Section* section_named(const std::vector<Section>& sections, std::string_view path) {
  auto at = std::find_if(sections.begin(), sections.end(), [&](const Section& s) { return s.path == path; });
  return at == sections.end() ? nullptr : &*at;
}

void check_port(const std::vector<Section>& sections, const Config& config, Problems& problems) {
  const Section* server = section_named(sections, "server");
  const Node* port = server->node.find("port");
  if (port == nullptr || port->kind != Node::Kind::integer || port->integer != 0) return;
  if (config.environment == Environment::test) return;
  problems.add(port->origin, "server.port", "0 is below the minimum of 1; it is allowed in environment test only");
}

void check_cors(const std::vector<Section>& sections, const Config& config, Problems& problems) {
  const auto& origins = config.api.cors;
  if (std::find(origins.begin(), origins.end(), "*") == origins.end()) return;
  if (origins.size() > 1) {
    problems.add(origin_of(sections, "api", "cors"), "api.cors",
                 "\"*\" already allows every origin; remove the others");
  }
  if (!config.api.cors_credentials) return;
  problems.add(origin_of(sections, "api", "cors_credentials"), "api.cors_credentials",
               "true is not allowed while api.cors is \"*\": every site could act for the user; list the origins");
}

void check_names(std::string_view table, const std::vector<std::string>& names, const std::vector<Section>& sections,
                 Problems& problems) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto first = std::find(names.begin(), names.end(), names[i]) - names.begin();
    if (static_cast<std::size_t>(first) == i || names[i].empty()) continue;
    const std::string path = fmt::format("{}[{}]", table, i);
    problems.add(origin_of(sections, path, "name"), path + ".name",
                 fmt::format("is also the name of {}[{}]; rename one of them", table, first));
  }
}

template <class Use>
std::vector<std::string> names_of(const std::vector<Use>& uses) {
  std::vector<std::string> names;
  for (const Use& use : uses) names.push_back(use.name);
  return names;
}

// "" or "/api/v1": what stands before the paths of a module, which begin with "/".
bool is_mount(std::string_view mount) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/-._~").find(c) != std::string_view::npos;
  };
  return mount.empty() || (mount.front() == '/' && mount.back() != '/' && mount.find("//") == std::string_view::npos &&
                           std::all_of(mount.begin(), mount.end(), is_plain));
}

void check_mounts(const std::vector<Section>& sections, const Config& config, Problems& problems) {
  for (std::size_t i = 0; i < config.endpoints.size(); ++i) {
    if (is_mount(config.endpoints[i].mount)) continue;
    const std::string path = fmt::format("endpoint[{}]", i);
    problems.add(origin_of(sections, path, "mount"), path + ".mount",
                 "expected a path such as \"/api/v1\": letters, digits and -._~ between slashes, none at the end");
  }
}

void warn_of_open_door(Config& config) {
  if (!config.security.trusted_gateways.empty() || !config.has_gateway) return;
  config.warnings.push_back("security.trusted_gateways: not set, so anyone who can reach server.host can get a "
                            "token for any consumer; list the addresses of the gateways");
}

void warn_of_unsealed_tiers(Config& config) {
  if (!config.lookup.encryption_keys.empty() || config.environment == Environment::production) return;
  auto remote = std::ranges::find(config.cache, true, &Tier::remote);
  if (remote == config.cache.end()) return;
  config.warnings.push_back(
      fmt::format("lookup.encryption_keys: not set, so {} may store secrets unencrypted outside this "
                  "process; set it (or AUTHD_CACHE_KEYS) "
                  "to what `openssl rand -base64 32` prints",
                  remote->name));
}

void warn_of_lonely_instance(Config& config) {
  if (!config.high_availability) return;
  if (std::ranges::find(config.cache, true, &Tier::remote) != config.cache.end()) return;
  const auto variables = bare_variables();
  const auto adding = std::ranges::find_if(variables, [](const Setting& s) { return !s.adds.plugin.empty(); });
  config.warnings.push_back(
      fmt::format("HIGH_AVAILABILITY: it adds no tier, and no tier is shared with other instances; "
                  "set {}=true, or add a [[{}]] with plugin = \"{}\"",
                  adding->variable, adding->adds.table, adding->adds.plugin));
}

void warn_of_not_built(const Node& table, const Shape& shape, const std::string& path, const Problems& problems,
                       Config& config) {
  for (const Property& p : shape.properties) {
    const Node* value = table.find(p.name);
    if (value == nullptr) continue;
    const std::string inner = child_path(path, p.name);
    if (!p.shape.properties.empty()) warn_of_not_built(*value, p.shape, inner, problems, config);
    if (p.shape.not_built && value->origin.kind != Origin::Kind::preset)
      warn_of_no_effect(value->origin, inner, problems, config);
  }
}

constexpr std::array<std::string_view, 4> kEndpoints{"endpoint", "traces_endpoint", "metrics_endpoint",
                                                     "logs_endpoint"};

void check_mode(const std::vector<Section>& sections, Problems& problems) {
  const Node* mode = value_at(sections, "telemetry", "mode");
  if (mode == nullptr || (mode->text.reveal() != "otlp" && mode->text.reveal() != "both")) return;
  for (std::string_view key : kEndpoints)
    if (value_at(sections, "telemetry", key) != nullptr) return;
  problems.add(mode->origin, "telemetry.mode",
               fmt::format("{} needs telemetry.endpoint (or OTEL_EXPORTER_OTLP_ENDPOINT in the environment)",
                           mode->text.reveal()));
}

// What is wrong with a collector's URL, beyond what is wrong with any.
std::string_view endpoint_fault(std::string_view key, std::string_view url) {
  const std::string scheme = url_parts(url) ? url_parts(url)->scheme : "http";
  if (scheme != "http" && scheme != "https") return "is neither http nor https; OTLP over gRPC is not supported";
  const auto begin = url.find("://") + 3;
  const std::string_view authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  if (authority.find('@') != std::string_view::npos)
    return "has user information in it; send an Authorization header by telemetry.headers instead";
  if (url.find('#') != std::string_view::npos) return "has a fragment; remove it";
  if (key == "endpoint" && url.find('?') != std::string_view::npos)
    return "has a query, but a path is appended to it; set the endpoint of each signal instead";
  return {};
}

void check_endpoints(const std::vector<Section>& sections, Problems& problems) {
  for (std::string_view key : kEndpoints) {
    const Node* url = value_at(sections, "telemetry", key);
    if (url == nullptr || url->kind != Node::Kind::string || url->unknown || !url_parts(url->text.reveal())) continue;
    const std::string_view fault = endpoint_fault(key, url->text.reveal());
    if (!fault.empty()) problems.add(url->origin, fmt::format("telemetry.{}", key), std::string(fault));
  }
}

void check_headers(const std::vector<Section>& sections, Problems& problems) {
  const Node* headers = value_at(sections, "telemetry", "headers");
  if (headers == nullptr) return;
  for (std::size_t i = 0; i < headers->items.size(); ++i) {
    const Node& entry = headers->items[i];
    if (entry.kind != Node::Kind::string || entry.unknown) continue;
    if (auto header = parse_otlp_header(entry.text.reveal()); !header)
      problems.add(entry.origin, fmt::format("telemetry.headers[{}]", i), header.error());
  }
}

void check_telemetry(const std::vector<Section>& sections, Problems& problems) {
  check_mode(sections, problems);
  check_endpoints(sections, problems);
  check_headers(sections, problems);
}

// The admin listener does not authenticate its clients, so only local processes should reach it.
void warn_of_open_admin(Config& config) {
  const std::string& listen = config.admin.listen;
  if (listen.empty() || listen.starts_with("unix:") || is_loopback(listen.substr(0, listen.rfind(':')))) return;
  config.warnings.push_back(
      fmt::format("admin.listen: anyone who can reach {} can clear caches and reload; use unix:/path or a "
                  "loopback address",
                  listen));
}

// Each table once, however many [[cache]] there are.
std::vector<std::string> tables_with(std::string_view name, bool not_built, const std::vector<Section>& sections) {
  std::vector<std::string> headers;
  for (const Section& s : sections) {
    const Property* known = s.shape.find(name);
    if (known == nullptr || known->shape.not_built != not_built) continue;
    const std::size_t bracket = s.path.find('[');
    std::string header =
        bracket == std::string::npos ? fmt::format("[{}]", s.path) : fmt::format("[[{}]]", s.path.substr(0, bracket));
    if (std::find(headers.begin(), headers.end(), header) == headers.end()) headers.push_back(std::move(header));
  }
  return headers;
}

// "cache.shared.url" for "cache[1].url", if that is a waivable path; "" for anything else.
std::string named_tier(const std::string& path, const std::vector<Section>& sections,
                       const std::vector<std::string>& waivable) {
  for (const Section& s : sections) {
    if (!s.path.ends_with(']') || !path.starts_with(s.path + ".")) continue;
    std::string named = waiver_prefix(s) + path.substr(s.path.size());
    return std::find(waivable.begin(), waivable.end(), named) != waivable.end() ? named : "";
  }
  return "";
}

// Nobody would show a certificate, and everybody would be refused.
void check_client_subjects(const std::vector<Section>& sections, const Config& config, Problems& problems) {
  if (config.security.client_subjects.empty() || !config.server.tls.client_ca.empty()) return;
  const Node* subjects = value_at(sections, "security", "client_subjects");
  problems.add(subjects->origin, "security.client_subjects",
               "needs server.tls.client_ca, the authorities of the certificates that are listed");
}

// Another environment must not believe in a time that a file says.
void drop_test_clock(Config& config) {
  if (config.environment == Environment::test || config.test_clock.empty()) return;
  config.warnings.push_back("AUTHD_TEST_CLOCK: ignored, because it is for environment test alone; unset it");
  config.test_clock.clear();
}

void check_algorithm(const std::vector<Section>& sections, Config& config, Problems& problems) {
  const Node* algorithm = value_at(sections, "gateway", "algorithm");
  if (algorithm == nullptr) return;
  const Node* credentials = value_at(sections, "gateway", "credentials");
  const bool wants_hmac = credentials == nullptr || credentials->text.reveal() == "hmac";
  const auto named = [&](std::string_view name) { return algorithm->text.reveal() == name; };
  const bool is_hmac = named("HS256") || named("HS384") || named("HS512");
  if (!is_hmac && !named("ES256") && !named("RS256") && !named("EdDSA")) return; // is refused already
  if (wants_hmac == is_hmac) {
    if (!is_hmac) warn_of_no_effect(algorithm->origin, "gateway.algorithm", problems, config);
    return;
  }
  problems.add(algorithm->origin, "gateway.algorithm",
               fmt::format("{} is for {} credentials, but gateway.credentials is \"{}\"", shown(*algorithm, Shape{}),
                           is_hmac ? "hmac" : "asymmetric", wants_hmac ? "hmac" : "asymmetric"));
}

} // namespace

std::string owner_of(std::string_view name, const std::vector<Section>& sections) {
  std::vector<std::string> headers = tables_with(name, false, sections);
  if (headers.empty()) headers = tables_with(name, true, sections);
  return headers.empty() ? "" : fmt::format("it belongs to {}", fmt::join(headers, " or "));
}

const Node* value_at(const std::vector<Section>& sections, std::string_view section, std::string_view key) {
  const Section* found = section_named(sections, section);
  return found != nullptr ? found->node.find_path(key) : nullptr;
}

Origin origin_of(const std::vector<Section>& sections, std::string_view section, std::string_view key) {
  const Section* found = section_named(sections, section);
  if (found == nullptr) return {};
  const Node* value = found->node.find(key);
  return value != nullptr ? value->origin : found->node.origin;
}

void warn_of_no_effect(const Origin& origin, std::string_view path, const Problems& problems, Config& config) {
  const std::string_view separator = path.empty() ? "" : ": ";
  config.warnings.push_back(
      fmt::format("{}{}{}: it has no effect in this version of authd", problems.where(origin), separator, path));
}

void check_host_rules(const std::vector<Section>& sections, Config& config, Problems& problems) {
  check_port(sections, config, problems);
  check_cors(sections, config, problems);
  check_names("cache", names_of(config.cache), sections, problems);
  check_names("endpoint", names_of(config.endpoints), sections, problems);
  check_mounts(sections, config, problems);
  check_telemetry(sections, problems);
  check_claims(sections, config, problems);
  check_client_subjects(sections, config, problems);
  check_algorithm(sections, config, problems);
  drop_test_clock(config);
  for (const Section& s : sections) warn_of_not_built(s.node, s.shape, s.path, problems, config);
  warn_of_open_door(config);
  warn_of_open_admin(config);
  warn_of_unsealed_tiers(config);
  warn_of_lonely_instance(config);
}

void check_waivers(const std::vector<Section>& sections, bool all_known, Problems& problems) {
  const Section* security = section_named(sections, "security");
  const Node* waivers = security->node.find("waivers");
  if (waivers == nullptr) return;
  std::vector<std::string> known = waivable_paths(sections);
  for (const Node& waiver : waivers->items) {
    std::string path(waiver.text.reveal());
    if (path.empty() || std::find(known.begin(), known.end(), path) != known.end()) continue;
    if (const std::string named = named_tier(path, sections, known); !named.empty()) {
      problems.add(waiver.origin, "security.waivers",
                   fmt::format("{} names a tier by position; use its name: \"{}\"", shown(waiver, Shape{}), named));
      continue;
    }
    if (!all_known && kind_of_table(path.substr(0, path.find('.'))) != nullptr) continue;
    problems.add(
        waiver.origin, "security.waivers",
        fmt::format("{} is not a setting with a production rule; {}", shown(waiver, Shape{}), suggestion(path, known)));
  }
}

} // namespace authd::config
