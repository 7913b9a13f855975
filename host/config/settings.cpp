// SPDX-License-Identifier: Apache-2.0
#include "config/settings.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "config/cache_key.h"
#include "config/claims.h"
#include "config/otlp_headers.h"

namespace authd::config {
namespace {

constexpr double kSecond = 1000; // durations are held in ms
constexpr double kMinute = 60 * kSecond;
constexpr double kHour = 60 * kMinute;
constexpr double kKiB = 1024; // sizes are held in bytes
constexpr double kMiB = 1024 * kKiB;

std::string text(const Node& v) { return std::string(v.text.reveal()); }
bool flag(const Node& v) { return v.integer != 0; }
unsigned number(const Node& v) { return static_cast<unsigned>(v.integer); }
std::size_t size(const Node& v) { return static_cast<std::size_t>(v.integer); }
milliseconds ms(const Node& v) { return milliseconds(v.integer); }
seconds secs(const Node& v) { return std::chrono::duration_cast<seconds>(ms(v)); }

std::vector<std::string> list(const Node& v) {
  std::vector<std::string> entries;
  for (const Node& item : v.items) entries.push_back(text(item));
  return entries;
}

std::vector<uid_t> users(const Node& v) {
  std::vector<uid_t> ids;
  for (const Node& item : v.items) ids.push_back(static_cast<uid_t>(item.integer));
  return ids;
}

// "0660"; what is none has been reported.
mode_t file_mode(const Node& v) {
  mode_t mode = 0;
  const std::string_view digits = v.text.reveal();
  std::from_chars(digits.data(), digits.data() + digits.size(), mode, 8);
  return mode;
}

// Only rows of [[cache]] may ask.
Tier& tier(Target t) { return static_cast<Tier&>(*t.use); }

// Only rows of [[endpoint]] may ask.
Endpoint& endpoint(Target t) { return static_cast<Endpoint&>(*t.use); }

Level log_level(const Node& v) { return parse_level(v.text.reveal()).value_or(Level::info); }

AccessLog access_log(const Node& v) {
  std::string_view name = v.text.reveal();
  return name == "off" ? AccessLog::off : name == "all" ? AccessLog::all : AccessLog::errors;
}

TelemetryMode telemetry_mode(const Node& v) {
  std::string_view name = v.text.reveal();
  return name == "otlp" ? TelemetryMode::otlp : name == "both" ? TelemetryMode::both : TelemetryMode::console;
}

std::vector<OtlpHeader> otlp_headers(const Node& v) {
  std::vector<OtlpHeader> headers;
  for (const Node& item : v.items) {
    if (auto header = parse_otlp_header(item.text.reveal())) headers.push_back(std::move(*header));
  }
  return headers;
}

std::map<std::string, std::string> lower_case_map(const Node& v) {
  std::map<std::string, std::string> map;
  for (const Member& m : v.members) map[m.name] = lower_hex(m.value.text.reveal());
  return map;
}

std::vector<Secret> keys(const Node& v) {
  std::vector<Secret> keys;
  for (const Node& item : v.items) {
    if (auto key = decode_cache_key(item.text.reveal())) keys.push_back(std::move(*key));
  }
  return keys;
}

// Differs where the keys differ, and tells nothing of them.
std::string fingerprint(const MasterKeys& keys) {
  std::string text;
  for (const Secret& derived : keys.derive("config", "fingerprint")) text += derived.reveal();
  return text;
}

std::vector<std::string> each_once(const std::vector<std::string>& all) {
  std::vector<std::string> some;
  for (const std::string& one : all)
    if (std::find(some.begin(), some.end(), one) == some.end()) some.push_back(one);
  return some;
}

// Which plugin it is, with what settings.
std::string identity_of(const Config& config, std::string_view table) {
  std::string text;
  for (const PluginUse* use : uses_of(config, *kind_of_table(table))) {
    text += use->plugin + ' ' + use->name;
    for (const auto& [pointer, value] : use->settings.values)
      text += fmt::format(" {}={}:{}", pointer, value.integer, value.text.reveal());
  }
  return text;
}

void warn_breaker_is_always_on(Target t, const Node& enabled) {
  if (flag(enabled)) return;
  t.config.warnings.push_back("CIRCUIT_BREAKER_ENABLED: false changes nothing, because the breaker is always on; "
                              "unset it, or raise breaker.error_threshold");
}

constexpr Table kTables[] = {
    {"server", "Where authd listens, and its limits."},
    {"admin", "The admin listener: clearing caches, reloading, inspecting."},
    {"jwt", "The tokens. They must be what Kong's jwt plugin expects."},
    {"gateway",
     "Where consumers and their credentials live. authd's own settings come first; all others belong to the plugin."},
    {"breaker", "Keeps a slow or failing gateway from slowing authd down. It is always on."},
    {"lookup", "How a consumer's secret is looked up."},
    {"cache",
     "One [[cache]] per tier, fastest first; without any there is one cache-memory. authd's own settings come "
     "first; all others belong to the plugin. Unlike in other tables, an environment variable applies only to "
     "tiers that do not set the value themselves.",
     "[[cache]]\n"
     "plugin = \"cache-redis\"\n"
     "url = \"rediss://redis.example.com:6379\"\n"
     "password = \"${credential:redis_password}\"\n"},
    {"store",
     "Where modules, and authd's own keys, keep what must outlive the process. Without this table that is the file "
     "authd.db in the state directory ($STATE_DIRECTORY; without one, beside authd.toml), once something needs it. "
     "authd's own settings come first; all others belong to the plugin."},
    {"endpoint",
     "One [[endpoint]] per module: a plugin that owns routes. authd's own settings come first; all others belong to "
     "the plugin."},
    {"rate_limit", "How many tokens one consumer gets."},
    {"telemetry", "Logs, metrics and traces. Logs are JSON lines on stdout."},
    {"api", "What browsers may do, and what the API document says about the API."},
    {"profiling", "CPU and heap profiles of the running process."},
    {"plugins", "Where plugins are found, and which of them are trusted."},
    {"security", "Who may ask for tokens, and which production rules are waived."},
    {"signer",
     "Where the private keys live that authd signs with; docs/keys.md. Without this table authd has none. authd's own "
     "settings come first; all others belong to the plugin."},
    {"secrets", "The keys that seal what modules keep, and authd's own signing keys."},
};

using T = Target;
using V = const Node&;
using C = const Config&;

// Rows, not columns of one member each:
// clang-format off
const Setting kSettings[] = {
    {.table = "server", .key = "environment", .variable = "AUTHD_ENV", .fallback_variable = "NODE_ENV",
     .choices = "development|staging|production|test|local", .preset = "development",
     .description = "In production authd refuses settings that are fit for development only; see [security].",
     .fixed = [](C c) { return std::string(name_of(c.environment)); },
     .set = [](T t, V v) { t.config.environment = environment_named(v.text.reveal()); }},
    {.table = "server", .key = "host", .format = Format::address, .variable = "HOST", .preset = "127.0.0.1",
     .description = "The address to listen on; 0.0.0.0 or :: for all.",
     .fixed = [](C c) { return c.server.host; },
     .set = [](T t, V v) { t.config.server.host = text(v); }},
    {.table = "server", .key = "port", .type = Type::integer, .variable = "PORT", .minimum = 0,
     .maximum = 65535, .preset = "3000",
     .description = "The TCP port. With 0 the kernel chooses one; only in environment test.",
     .fixed = [](C c) { return std::to_string(c.server.port); },
     .set = [](T t, V v) { t.config.server.port = static_cast<std::uint16_t>(v.integer); }},
    {.table = "server", .key = "reactors", .type = Type::integer, .variable = "AUTHD_REACTORS", .minimum = 0,
     .maximum = 256, .preset = "0",
     .description = "The number of event loops. 0: one per CPU that the affinity mask and the cgroup's quota allow.",
     .fixed = [](C c) { return std::to_string(c.server.reactors); },
     .set = [](T t, V v) { t.config.server.reactors = number(v); }},
    {.table = "server", .key = "max_connections", .type = Type::integer, .minimum = 1, .maximum = 1e6,
     .preset = "10000",
     .description = "The maximum number of open connections, in all reactors together.",
     .set = [](T t, V v) { t.config.server.max_connections = number(v); }},
    {.table = "server", .key = "max_connections_per_peer", .type = Type::integer, .minimum = 0, .maximum = 1e6,
     .preset = "0",
     .description = "The maximum number of open connections of one client address, or of one /64 of IPv6; more get "
                    "503. Gateways that security.trusted_gateways names have no such limit. 0: nobody has.",
     .set = [](T t, V v) { t.config.server.max_connections_per_peer = number(v); }},
    {.table = "server", .key = "header_limit", .type = Type::integer, .unit = Unit::bytes, .minimum = kKiB,
     .maximum = kMiB, .preset = "16KiB",
     .description = "The maximum size of all headers of a request; a larger one gets 431.",
     .set = [](T t, V v) { t.config.server.header_limit = size(v); }},
    {.table = "server", .key = "url_limit", .type = Type::integer, .unit = Unit::bytes, .minimum = 256,
     .maximum = 64 * kKiB, .preset = "8KiB",
     .description = "The maximum length of the request target; a longer one gets 414.",
     .set = [](T t, V v) { t.config.server.url_limit = size(v); }},
    {.table = "server", .key = "body_limit", .type = Type::integer, .unit = Unit::bytes, .minimum = kKiB,
     .maximum = 64 * kMiB, .preset = "1MiB",
     .description = "The maximum size of a request's body; a larger one gets 413.",
     .set = [](T t, V v) { t.config.server.body_limit = size(v); }},
    {.table = "server", .key = "idle_timeout", .type = Type::integer, .unit = Unit::milliseconds,
     .minimum = 100, .maximum = kHour, .preset = "75s",
     .description = "How long a connection may be idle between two requests.",
     .set = [](T t, V v) { t.config.server.idle_timeout = ms(v); }},
    {.table = "server", .key = "header_timeout", .type = Type::integer, .unit = Unit::milliseconds,
     .minimum = 100, .maximum = 5 * kMinute, .preset = "10s",
     .description = "How long a request may take from its first byte to its last; a slower one gets 408.",
     .set = [](T t, V v) { t.config.server.header_timeout = ms(v); }},
    {.table = "server", .key = "drain_delay", .type = Type::integer, .unit = Unit::milliseconds,
     .minimum = 0, .maximum = kMinute, .preset = "0s",
     .description = "After SIGTERM connections are still accepted for this long while /health/ready answers 503, "
                    "so that a load balancer notices first.",
     .set = [](T t, V v) { t.config.server.drain_delay = ms(v); }},
    {.table = "server", .key = "drain_timeout", .type = Type::integer, .unit = Unit::milliseconds,
     .minimum = 100, .maximum = 10 * kMinute, .preset = "30s",
     .description = "How long requests under way may take to finish once drain_delay is over. Ten seconds later the "
                    "process exits in any case.",
     .set = [](T t, V v) { t.config.server.drain_timeout = ms(v); }},
    {.table = "server", .key = "tls.certificate", .format = Format::path, .derived = "none",
     .example = "/etc/authd/tls/server.pem",
     .description = "PEM: the server's certificate, then the intermediate certificates. With it authd speaks TLS "
                    "(1.2 or newer) instead of plain HTTP. A reload reads the three TLS files again.",
     .set = [](T t, V v) { t.config.server.tls.certificate = text(v); }},
    {.table = "server", .key = "tls.key", .format = Format::path, .derived = "none",
     .example = "/etc/authd/tls/server.key",
     .description = "The certificate's private key: PEM, without a pass phrase.",
     .set = [](T t, V v) { t.config.server.tls.key = text(v); }},
    {.table = "server", .key = "tls.client_ca", .format = Format::path,
     .derived = "none", .example = "/etc/authd/tls/clients-ca.pem",
     .description = "PEM: only clients with a certificate of one of these authorities may connect (mTLS).",
     .set = [](T t, V v) { t.config.server.tls.client_ca = text(v); }},
    {.table = "server", .key = "request_timeout", .type = Type::integer, .unit = Unit::milliseconds,
     .minimum = kSecond, .maximum = kMinute, .preset = "10s",
     .description = "How long a module ([[endpoint]]) may take to answer; then authd answers 503 in its place.",
     .set = [](T t, V v) { t.config.server.request_timeout = ms(v); }},
    {.table = "server", .key = "unix_socket", .format = Format::path, .derived = "none", .example = "/run/authd/authd.sock",
     .description = "A Unix socket to listen on beside host and port, without TLS. Who may connect to it may ask for tokens.",
     .fixed = [](C c) { return c.server.unix_socket.path; },
     .set = [](T t, V v) { t.config.server.unix_socket.path = text(v); }},
    {.table = "server", .key = "unix_socket_group", .minimum = 1, .derived = "that of the process",
     .example = "kong",
     .description = "The group that the socket belongs to; authd's user must be a member.",
     .fixed = [](C c) { return c.server.unix_socket.group; },
     .set = [](T t, V v) { t.config.server.unix_socket.group = text(v); }},
    {.table = "server", .key = "unix_socket_mode", .format = Format::file_mode, .preset = "0660",
     .description = "The permissions of the socket.",
     .fixed = [](C c) { return fmt::format("{:04o}", c.server.unix_socket.mode); },
     .set = [](T t, V v) { t.config.server.unix_socket.mode = file_mode(v); }},
    {.table = "server", .key = "unix_peers", .type = Type::array, .entries = Type::integer,
     .derived = "any", .example = "998",
     .description = "Ids of the users that may ask over the socket; others get 403.",
     .set = [](T t, V v) { t.config.server.unix_peers = users(v); }},

    {.table = "admin", .key = "listen", .format = Format::listen,
     .derived = "unix:/run/authd/admin.sock; in development and local, with another file than /etc/authd/authd.toml, "
                "admin.sock beside it, none without a file; in test none",
     .example = "unix:/run/authd/admin.sock",
     .description = "unix:/path or host:port; \"\" for none. Anyone who can connect has full control.",
     .fixed = [](C c) { return c.admin.listen; },
     .set = [](T t, V v) { t.config.admin.listen = text(v); }},
    {.table = "admin", .key = "group", .minimum = 1, .derived = "that of the process", .example = "operators",
     .description = "The group that the Unix socket belongs to; authd's user must be a member.",
     .fixed = [](C c) { return c.admin.group; },
     .set = [](T t, V v) { t.config.admin.group = text(v); }},
    {.table = "admin", .key = "mode", .format = Format::file_mode, .preset = "0600",
     .description = "The permissions of the Unix socket: who may write to it has full control.",
     .fixed = [](C c) { return fmt::format("{:04o}", c.admin.mode); },
     .set = [](T t, V v) { t.config.admin.mode = file_mode(v); }},

    {.table = "jwt", .key = "authority", .format = Format::uri, .variable = "KONG_JWT_AUTHORITY",
     .example = "https://auth.example.com", .required = true, .https_in_production = true,
     .description = "The URL that identifies this issuer.",
     .set = [](T t, V v) { t.config.jwt.authority = text(v); }},
    {.table = "jwt", .key = "audience", .type = Type::array, .variable = "KONG_JWT_AUDIENCE", .minimum = 1,
     .example = "https://api.example.com", .required = true,
     .description = "The claim aud: a list, or one string with commas. With a single entry the claim is a string.",
     .set = [](T t, V v) { t.config.jwt.audience = list(v); }},
    {.table = "jwt", .key = "issuer", .type = Type::array, .variable = "KONG_JWT_ISSUER", .minimum = 1,
     .derived = "jwt.authority", .example = "https://auth.example.com",
     .description = "The claim iss: a list, or one string with commas; the first entry is used.",
     .set = [](T t, V v) { t.config.jwt.issuer = v.items.empty() ? "" : text(v.items.front()); }},
    {.table = "jwt", .key = "key_claim_name", .variable = "KONG_JWT_KEY_CLAIM_NAME", .choices = "key|iss|kid",
     .preset = "key",
     .description = "The claim that names the credential: key_claim_name of Kong's jwt plugin.",
     .set = [](T t, V v) { t.config.jwt.key_claim_name = text(v); }},
    {.table = "jwt", .key = "expiration", .type = Type::integer, .unit = Unit::milliseconds,
     .variable = "JWT_EXPIRATION_MINUTES", .minimum = kMinute, .maximum = kHour, .multiple_of = 1000,
     .preset = "15m",
     .description = "How long a token is valid.",
     .set = [](T t, V v) { t.config.jwt.expiration = secs(v); }},
    {.table = "jwt", .key = "unique_name_domain", .minimum = 1, .maximum = 253, .preset = "example.com",
     .description = "The claim unique_name is <domain>#<username>.",
     .set = [](T t, V v) { t.config.jwt.unique_name_domain = text(v); }},
    {.table = "jwt", .key = "clock_skew", .type = Type::integer, .unit = Unit::milliseconds, .minimum = 0,
     .maximum = kMinute, .multiple_of = 1000, .preset = "0s",
     .description = "How far nbf is set before iat. Kong allows no clock skew, so hosts whose clocks differ need it.",
     .set = [](T t, V v) { t.config.jwt.clock_skew = secs(v); }},
    {.table = "jwt", .key = "reuse", .type = Type::number, .minimum = 0, .maximum = 0.9, .preset = "0",
     .not_built = true,
     .description = "For this fraction of its life a consumer gets the same token again."},
    {.table = "jwt", .key = "secret_is_base64", .type = Type::boolean, .preset = "false",
     .description = "Sign with the bytes that the secret decodes to: secret_is_base64 of Kong's jwt plugin.",
     .set = [](T t, V v) { t.config.jwt.secret_is_base64 = flag(v); }},
    {.table = "jwt", .key = "claims", .type = Type::object, .entries = Type::claim, .maximum = 32, .derived = "none",
     .example = "tenant = \"acme\"\n"
                "custom_id = \"${header:X-Consumer-Custom-ID}\"\n"
                "groups = [\"${header:X-Consumer-Groups}\"]\n",
     .description = "Claims of your own, behind all others, in the order of the file: a string, number, boolean or "
                    "array of strings, or what a header says. A header in an array is split at commas; when it is "
                    "absent or blank, there is no such claim. Kong vouches for X-Consumer-Custom-ID, "
                    "X-Credential-Identifier, X-Consumer-ID and X-Consumer-Username; any other header is a warning, "
                    "in production an error (docs/kong.md).",
     .set = [](T t, V v) { t.config.jwt.claims = claims_of(v); }},

    {.table = "gateway", .key = "plugin", .format = Format::plugin, .variable = "KONG_MODE",
     .aliases = "API_GATEWAY=kong-gateway|KONNECT=kong-konnect", .preset = "kong-gateway",
     .shipped = "kong-gateway|kong-declarative|kong-konnect",
     .description = "The name of a plugin in plugins.dir, or an absolute path.",
     .set = [](T t, V v) { t.use->plugin = text(v); }},
    {.table = "gateway", .key = "name", .minimum = 1, .maximum = 64, .derived = "the plugin's name",
     .example = "kong-gateway",
     .description = "Its name in logs and /health.",
     .set = [](T t, V v) { t.use->name = text(v); }},
    {.table = "gateway", .key = "sha256", .format = Format::sha256, .derived = "plugins.pins",
     .example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     .description = "The sha256 that the plugin's file must have.",
     .set = [](T t, V v) { t.use->sha256 = lower_hex(v.text.reveal()); }},
    {.table = "gateway", .key = "auto_provision", .type = Type::boolean, .preset = "true",
     .description = "Create a credential for a consumer that has none.",
     .set = [](T t, V v) { t.config.gateway.auto_provision = flag(v); }},
    {.table = "gateway", .key = "pool_size", .type = Type::integer, .variable = "KONG_CONNECTION_POOL_SIZE",
     .minimum = 1, .maximum = 256, .preset = "10",
     .description = "The maximum number of concurrent calls to the gateway, and of connections kept open to it.",
     .set = [](T t, V v) { t.config.gateway.pool_size = number(v); }},
    {.table = "gateway", .key = "ca_file", .format = Format::path, .derived = "the system's authorities",
     .example = "/etc/authd/tls/kong-ca.pem", .yields_to_plugin = true,
     .description = "PEM: the authorities that may sign the gateway's certificate. A reload reads this file and the "
                    "client certificate and key again.",
     .set = [](T t, V v) { t.config.gateway.tls.ca_file = text(v); }},
    {.table = "gateway", .key = "client_certificate", .format = Format::path, .derived = "none",
     .example = "/etc/authd/tls/client.pem", .yields_to_plugin = true,
     .description = "PEM: authd's client certificate for the gateway (mTLS), then the intermediate certificates.",
     .set = [](T t, V v) { t.config.gateway.tls.client_certificate = text(v); }},
    {.table = "gateway", .key = "client_key", .format = Format::path, .derived = "none",
     .example = "/etc/authd/tls/client.key", .yields_to_plugin = true,
     .description = "The certificate's private key: PEM, without a pass phrase.",
     .set = [](T t, V v) { t.config.gateway.tls.client_key = text(v); }},
    {.table = "gateway", .key = "credentials", .choices = "hmac|asymmetric", .preset = "hmac",
     .not_built = true,
     .description = "The kind of credentials to create."},
    {.table = "gateway", .key = "algorithm", .choices = "HS256|HS384|HS512|ES256|RS256|EdDSA",
     .derived = "HS256; with asymmetric credentials ES256",
     .description = "The algorithm of credentials that authd creates: HS256, HS384 or HS512, with a secret as long as "
                    "its output. The others are for asymmetric credentials. Credentials that exist stay as they are.",
     .set =
         [](T t, V v) {
           if (text(v).starts_with("HS")) t.config.gateway.algorithm = text(v);
         }},
    {.table = "gateway", .key = "isolation", .choices = "none|process", .preset = "none",
     .not_built = true,
     .description = "Whether the plugin runs in a process of its own."},
    {.table = "gateway", .key = "memory_limit", .type = Type::integer, .unit = Unit::bytes,
     .minimum = kMiB, .preset = "256MiB", .not_built = true,
     .description = "What that process may use."},
    {.table = "gateway", .key = "max_concurrency", .type = Type::integer, .minimum = 0, .preset = "0",
     .not_built = true,
     .description = "Calls of the plugin at once; 0 is no bound."},

    {.table = "breaker", .key = "timeout", .type = Type::integer, .unit = Unit::milliseconds,
     .variable = "CIRCUIT_BREAKER_TIMEOUT", .minimum = 100, .maximum = 10 * kSecond, .preset = "500ms",
     .description = "The longest time that a request waits for the gateway.",
     .set = [](T t, V v) { t.config.breaker.timeout = ms(v); }},
    {.table = "breaker", .key = "error_threshold", .type = Type::integer,
     .variable = "CIRCUIT_BREAKER_ERROR_THRESHOLD", .minimum = 1, .maximum = 100, .preset = "50",
     .description = "The percentage of failed calls within the window at which it opens.",
     .set = [](T t, V v) { t.config.breaker.error_threshold_percent = number(v); }},
    {.table = "breaker", .key = "reset_timeout", .type = Type::integer, .unit = Unit::milliseconds,
     .variable = "CIRCUIT_BREAKER_RESET_TIMEOUT", .minimum = kSecond, .maximum = 300 * kSecond,
     .preset = "30s",
     .description = "How long it stays open before one call may try again.",
     .set = [](T t, V v) { t.config.breaker.reset_timeout = ms(v); }},
    {.table = "breaker", .key = "window", .type = Type::integer, .unit = Unit::milliseconds,
     .minimum = kSecond, .maximum = 10 * kMinute, .preset = "10s",
     .description = "The time over which calls are counted.",
     .set = [](T t, V v) { t.config.breaker.window = ms(v); }},
    {.table = "breaker", .key = "buckets", .type = Type::integer, .minimum = 1, .maximum = 100,
     .preset = "10",
     .description = "The number of steps in which the window moves.",
     .set = [](T t, V v) { t.config.breaker.buckets = number(v); }},
    {.table = "breaker", .key = "volume_threshold", .type = Type::integer, .minimum = 1, .maximum = 1e6,
     .preset = "5",
     .description = "It does not open with fewer calls than this within the window.",
     .set = [](T t, V v) { t.config.breaker.volume_threshold = number(v); }},

    {.table = "lookup", .key = "negative_ttl", .type = Type::integer, .unit = Unit::milliseconds,
     .minimum = 100, .maximum = kHour, .preset = "10s",
     .description = "How long an unknown consumer is remembered as unknown.",
     .set = [](T t, V v) { t.config.lookup.negative_ttl = ms(v); }},
    {.table = "lookup", .key = "refresh_ahead", .type = Type::number, .minimum = 0, .maximum = 0.9,
     .preset = "0.2",
     .description = "A hit in this last fraction of the TTL refreshes the copy in the background. 0: off.",
     .set = [](T t, V v) { t.config.lookup.refresh_ahead = v.number; }},
    {.table = "lookup", .key = "suspect_grace", .type = Type::integer, .unit = Unit::milliseconds,
     .minimum = 0, .maximum = 60'000, .preset = "2s",
     .description = "How long a copy that may have missed an invalidation, because the channel of a remote tier was "
                    "down, is used while it is read again. After that it counts as stale.",
     .set = [](T t, V v) { t.config.lookup.suspect_grace = ms(v); }},
    {.table = "lookup", .key = "encryption_keys", .type = Type::array, .format = Format::key256,
     .variable = "AUTHD_CACHE_KEYS", .preset = "", .secret = true, .production_rule = true,
     .description = "Values in tiers outside this process are encrypted with the first key (AES-256-GCM); all keys "
                    "decrypt. `openssl rand -base64 32` makes a key. Required in production with such a tier.",
     .set = [](T t, V v) { t.config.lookup.encryption_keys = keys(v); }},

    {.table = "cache", .key = "plugin", .format = Format::plugin, .preset = "cache-memory",
     .shipped = "cache-memory|cache-redis",
     .description = "The name of a plugin in plugins.dir, or an absolute path.",
     .set = [](T t, V v) { t.use->plugin = text(v); }},
    {.table = "cache", .key = "name", .minimum = 1, .maximum = 64, .derived = "the plugin's name",
     .example = "cache-memory",
     .description = "Its name in logs and /health; it must be unique.",
     .set = [](T t, V v) { t.use->name = text(v); }},
    {.table = "cache", .key = "sha256", .format = Format::sha256, .derived = "plugins.pins",
     .example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     .description = "The sha256 that the plugin's file must have.",
     .set = [](T t, V v) { t.use->sha256 = lower_hex(v.text.reveal()); }},
    {.table = "cache", .key = "ttl", .type = Type::integer, .unit = Unit::milliseconds,
     .variable = "CACHE_TTL_SECONDS", .minimum = kSecond, .maximum = 24 * kHour, .preset = "5m",
     .description = "How long a copy is used without asking the gateway.",
     .set = [](T t, V v) { tier(t).ttl = ms(v); }},
    {.table = "cache", .key = "stale", .type = Type::integer, .unit = Unit::milliseconds,
     .variable = "STALE_DATA_TOLERANCE_MINUTES", .minimum = kMinute, .maximum = 120 * kMinute,
     .preset = "30m", .preset_by_plugin = "cache-redis=2h",
     .description = "How long past its TTL a copy may be used if the gateway fails. With plugin cache-redis the "
                    "default is 2h.",
     .set = [](T t, V v) { tier(t).stale = ms(v); }},
    {.table = "cache", .key = "read_timeout", .type = Type::integer, .unit = Unit::milliseconds, .minimum = 1,
     .maximum = 10 * kSecond, .preset = "50ms",
     .description = "The longest time that a request waits for a tier outside this process.",
     .set = [](T t, V v) { tier(t).read_timeout = ms(v); }},
    {.table = "cache", .key = "isolation", .choices = "none|process", .preset = "none", .not_built = true,
     .description = "Whether the plugin runs in a process of its own."},
    {.table = "cache", .key = "memory_limit", .type = Type::integer, .unit = Unit::bytes, .minimum = kMiB,
     .preset = "256MiB", .not_built = true,
     .description = "What that process may use."},
    {.table = "cache", .key = "max_concurrency", .type = Type::integer, .minimum = 0, .preset = "0",
     .not_built = true,
     .description = "Calls of the plugin at once; 0 is no bound."},

    {.table = "store", .key = "plugin", .format = Format::plugin, .preset = "store-sqlite",
     .shipped = "store-sqlite",
     .description = "The name of a plugin in plugins.dir, or an absolute path. Another store, or another of its "
                    "settings, takes a restart.",
     .fixed = [](C c) { return identity_of(c, "store"); }, // or records would disappear
     .set = [](T t, V v) { t.use->plugin = text(v); }},
    {.table = "store", .key = "name", .minimum = 1, .maximum = 64, .derived = "the plugin's name",
     .example = "store-sqlite",
     .description = "Its name in logs and /health.",
     .set = [](T t, V v) { t.use->name = text(v); }},
    {.table = "store", .key = "sha256", .format = Format::sha256, .derived = "plugins.pins",
     .example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     .description = "The sha256 that the plugin's file must have.",
     .set = [](T t, V v) { t.use->sha256 = lower_hex(v.text.reveal()); }},
    {.table = "endpoint", .key = "plugin", .format = Format::plugin, .example = "invites", .required = true,
     .description = "The name of a plugin in plugins.dir, or an absolute path.",
     .set = [](T t, V v) { t.use->plugin = text(v); }},
    {.table = "endpoint", .key = "name", .minimum = 1, .maximum = 64, .derived = "the plugin's name",
     .example = "invites",
     .description = "Its name in logs, and of its records and keys; no two have the same.",
     .set = [](T t, V v) { t.use->name = text(v); }},
    {.table = "endpoint", .key = "sha256", .format = Format::sha256, .derived = "plugins.pins",
     .example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     .description = "The sha256 that the plugin's file must have.",
     .set = [](T t, V v) { t.use->sha256 = lower_hex(v.text.reveal()); }},
    {.table = "endpoint", .key = "mount", .preset = "",
     .description = "What its paths begin with, such as \"/api/v1\"; \"\" for nothing.",
     .set = [](T t, V v) { endpoint(t).mount = text(v); }},
    {.table = "endpoint", .key = "base_url", .format = Format::uri, .derived = "none",
     .example = "https://id.example.com", .https_in_production = true,
     .description = "What clients call it: scheme, host and, if a proxy adds one, a path.",
     .set = [](T t, V v) { endpoint(t).base_url = text(v); }},
    {.table = "endpoint", .key = "grant", .type = Type::array, .derived = "all that it needs",
     .example = "authd.records/1",
     .description = "The services that it may need; a file that needs another one is refused. `authd plugin inspect` "
                    "lists them.",
     .set = [](T t, V v) { endpoint(t).grant = list(v); }},
    {.table = "endpoint", .key = "max_concurrency", .type = Type::integer, .minimum = 0, .maximum = 256, .preset = "0",
     .description = "How many of the workers it may hold at the same time; 0 for half of them.",
     .set = [](T t, V v) { endpoint(t).max_concurrency = number(v); }},

    {.table = "rate_limit", .key = "window", .type = Type::integer, .unit = Unit::milliseconds,
     .variable = "RATE_LIMIT_WINDOW_MS", .minimum = 1, .maximum = 24 * kHour, .preset = "1m",
     .description = "The time in which a consumer gets max_requests.",
     .set = [](T t, V v) { t.config.rate_limit.window = ms(v); }},
    {.table = "rate_limit", .key = "max_requests", .type = Type::integer,
     .variable = "RATE_LIMIT_MAX_REQUESTS", .minimum = 0, .maximum = 1e9, .preset = "0",
     .description = "How many tokens one consumer may ask for at once; then one more each window / max_requests. 0 is off.",
     .set = [](T t, V v) { t.config.rate_limit.max_requests = v.integer; }},
    {.table = "rate_limit", .key = "shared", .type = Type::boolean,
     .derived = "true when a remote tier can count",
     .description = "Count over all instances that share a remote tier. Each token then waits for one call of that tier; "
                    "while it is down, each instance counts by itself.",
     .set = [](T t, V v) { t.config.rate_limit.shared = flag(v); }},
    {.table = "rate_limit", .key = "legacy_headers", .type = Type::boolean, .preset = "false",
     .description = "Send X-RateLimit-Limit, -Remaining and -Reset, too.",
     .set = [](T t, V v) { t.config.rate_limit.legacy_headers = flag(v); }},
    {.table = "rate_limit", .key = "max_consumers", .type = Type::integer, .minimum = 1, .maximum = 1e8,
     .preset = "100000",
     .description = "How many consumers an instance can count at the same time, at 52 bytes each.",
     .set = [](T t, V v) { t.config.rate_limit.max_consumers = size(v); }},

    {.table = "telemetry", .key = "service_name", .variable = "OTEL_SERVICE_NAME", .minimum = 1,
     .maximum = 255, .preset = "authentication-service", .production_rule = true,
     .description = "service.name in logs. In production it must not contain localhost or test.",
     .fixed = [](C c) { return c.telemetry.service_name; },
     .set = [](T t, V v) { t.config.telemetry.service_name = text(v); }},
    {.table = "telemetry", .key = "service_version", .variable = "OTEL_SERVICE_VERSION", .minimum = 1,
     .maximum = 255, .derived = "the version of authd", .example = "1.4.2", .production_rule = true,
     .description = "service.version in logs. In production it must not be dev or latest.",
     .fixed = [](C c) { return c.telemetry.service_version; },
     .set = [](T t, V v) { t.config.telemetry.service_version = text(v); }},
    {.table = "telemetry", .key = "log_level", .variable = "LOG_LEVEL",
     .choices = "debug|info|warn|error|fatal", .aliases = "trace=debug|silent=fatal", .preset = "info",
     .description = "Lines below this level are not written.",
     .set = [](T t, V v) { t.config.telemetry.log_level = log_level(v); }},
    {.table = "telemetry", .key = "access_log", .choices = "off|errors|all", .preset = "errors",
     .description = "Which requests are logged: none, those with a status of 400 or more, or all.",
     .set = [](T t, V v) { t.config.telemetry.access_log = access_log(v); }},
    {.table = "telemetry", .key = "hash_user_names", .type = Type::boolean, .preset = "false",
     .description = "Log a digest instead of user.name.",
     .set = [](T t, V v) { t.config.telemetry.hash_user_names = flag(v); }},
    {.table = "telemetry", .key = "mode", .variable = "TELEMETRY_MODE", .choices = "console|otlp|both",
     .preset = "console",
     .description = "Where telemetry goes: stdout, an OpenTelemetry collector, or both.",
     .set = [](T t, V v) { t.config.telemetry.mode = telemetry_mode(v); }},
    {.table = "telemetry", .key = "endpoint", .format = Format::uri,
     .variable = "OTEL_EXPORTER_OTLP_ENDPOINT", .derived = "none",
     .example = "https://otel.example.com:4318", .https_in_production = true,
     .description = "The collector (OTLP over HTTP); /v1/traces, /v1/metrics and /v1/logs are appended.",
     .set = [](T t, V v) { t.config.telemetry.otlp.endpoint = text(v); }},
    {.table = "telemetry", .key = "traces_endpoint", .format = Format::uri,
     .variable = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", .derived = "from telemetry.endpoint",
     .example = "https://otel.example.com:4318/v1/traces", .https_in_production = true,
     .description = "The collector of traces: the whole URL.",
     .set = [](T t, V v) { t.config.telemetry.otlp.traces_endpoint = text(v); }},
    {.table = "telemetry", .key = "metrics_endpoint", .format = Format::uri,
     .variable = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", .derived = "from telemetry.endpoint",
     .example = "https://otel.example.com:4318/v1/metrics", .https_in_production = true,
     .description = "The collector of metrics: the whole URL.",
     .set = [](T t, V v) { t.config.telemetry.otlp.metrics_endpoint = text(v); }},
    {.table = "telemetry", .key = "logs_endpoint", .format = Format::uri,
     .variable = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", .derived = "from telemetry.endpoint",
     .example = "https://otel.example.com:4318/v1/logs", .https_in_production = true,
     .description = "The collector of logs: the whole URL.",
     .set = [](T t, V v) { t.config.telemetry.otlp.logs_endpoint = text(v); }},
    {.table = "telemetry", .key = "headers", .type = Type::array, .variable = "OTEL_EXPORTER_OTLP_HEADERS",
     .preset = "", .secret = true,
     .description = "Sent with each export: name=value, with %XX for what a value may not hold as it is.",
     .set = [](T t, V v) { t.config.telemetry.otlp.headers = otlp_headers(v); }},
    {.table = "telemetry", .key = "timeout", .type = Type::integer, .unit = Unit::milliseconds,
     .variable = "OTEL_EXPORTER_OTLP_TIMEOUT", .minimum = kSecond, .maximum = kMinute, .preset = "30s",
     .description = "The timeout of one export.",
     .set = [](T t, V v) { t.config.telemetry.otlp.timeout = ms(v); }},
    {.table = "telemetry", .key = "batch_size", .type = Type::integer,
     .variable = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", .minimum = 1, .maximum = 5000, .preset = "2048",
     .description = "The most spans, or log records, in one export.",
     .set = [](T t, V v) { t.config.telemetry.otlp.batch_size = number(v); }},
    {.table = "telemetry", .key = "queue_size", .type = Type::integer,
     .variable = "OTEL_BSP_MAX_QUEUE_SIZE", .minimum = 1, .maximum = 50000, .preset = "10000",
     .description = "The most spans, and the most log records, that wait for export; more are dropped.",
     .set = [](T t, V v) { t.config.telemetry.otlp.queue_size = number(v); }},
    {.table = "telemetry", .key = "export_interval", .type = Type::integer, .unit = Unit::milliseconds,
     .minimum = kSecond, .maximum = kHour, .preset = "10s",
     .description = "The time between two exports of metrics; spans and log records wait no longer either.",
     .set = [](T t, V v) { t.config.telemetry.otlp.export_interval = ms(v); }},
    {.table = "telemetry", .key = "trace_sample_ratio", .type = Type::number,
     .variable = "OTEL_TRACES_SAMPLER_ARG", .minimum = 0, .maximum = 1, .preset = "0.1",
     .description = "The fraction of requests that are traced, of those that come without a trace. Requests that "
                    "failed, were slow or got a stale copy are traced in any case.",
     .set = [](T t, V v) { t.config.telemetry.trace_sample_ratio = v.number; }},
    {.table = "telemetry", .key = "audit", .type = Type::boolean, .variable = "AUTHD_AUDIT",
     .derived = "true; in development false", .example = "true",
     .description = "Log a line for each token (consumer, credential key, jti), regardless of log_level.",
     .set = [](T t, V v) { t.config.telemetry.audit = flag(v); }},
    {.table = "telemetry", .key = "truncate_addresses", .type = Type::boolean, .preset = "false",
     .description = "Log addresses as networks: /24 for IPv4, /48 for IPv6.",
     .set = [](T t, V v) { t.config.telemetry.truncate_addresses = flag(v); }},
    {.table = "telemetry", .key = "ca_file", .format = Format::path, .derived = "the system's",
     .example = "/etc/authd/tls/collector-ca.pem",
     .description = "PEM: the authorities that may sign the collector's certificate.",
     .set = [](T t, V v) { t.config.telemetry.otlp.ca_file = text(v); }},

    {.table = "api", .key = "cors", .type = Type::array, .format = Format::origin, .variable = "API_CORS",
     .preset = "*",
     .description = "Origins that may read responses: \"*\", a list, or one string with commas.",
     .set = [](T t, V v) { t.config.api.cors = list(v); }},
    {.table = "api", .key = "cors_credentials", .type = Type::boolean, .preset = "false",
     .description = "Let browsers send credentials; not together with \"*\".",
     .set = [](T t, V v) { t.config.api.cors_credentials = flag(v); }},
    {.table = "api", .key = "title", .variable = "API_TITLE", .minimum = 1,
     .preset = "Authentication Service API",
     .description = "The title of the API document (GET / and `authd openapi`).",
     .set = [](T t, V v) { t.config.api.title = text(v); }},
    {.table = "api", .key = "description", .variable = "API_DESCRIPTION", .minimum = 1,
     .derived = "a summary of the API", .example = "Tokens for the consumers of our gateway.",
     .description = "Its description; CommonMark.",
     .set = [](T t, V v) { t.config.api.description = text(v); }},
    {.table = "api", .key = "version", .variable = "API_VERSION", .minimum = 1,
     .derived = "the version of authd", .example = "1.0.0",
     .description = "Its version.",
     .set = [](T t, V v) { t.config.api.version = text(v); }},
    {.table = "api", .key = "contact_name", .variable = "API_CONTACT_NAME", .minimum = 1,
     .derived = "none", .example = "Platform team",
     .description = "Whom to ask about the API.",
     .set = [](T t, V v) { t.config.api.contact_name = text(v); }},
    {.table = "api", .key = "contact_email", .variable = "API_CONTACT_EMAIL", .minimum = 1,
     .derived = "none", .example = "platform@example.com",
     .description = "Their mail address.",
     .set = [](T t, V v) { t.config.api.contact_email = text(v); }},
    {.table = "api", .key = "license_name", .variable = "API_LICENSE_NAME", .minimum = 1,
     .derived = "license_identifier", .example = "Apache License 2.0",
     .description = "The license of the API.",
     .set = [](T t, V v) { t.config.api.license_name = text(v); }},
    {.table = "api", .key = "license_identifier", .variable = "API_LICENSE_IDENTIFIER", .minimum = 1,
     .derived = "none", .example = "Apache-2.0",
     .description = "The SPDX identifier of that license.",
     .set = [](T t, V v) { t.config.api.license_identifier = text(v); }},

    {.table = "profiling", .key = "enabled", .type = Type::boolean, .variable = "PROFILING_ENABLED",
     .preset = "false", .production_rule = true,
     .description = "Allow profiling sessions: /debug/profiling. Never in production.",
     .set = [](T t, V v) { t.config.profiling.enabled = flag(v); }},
    {.table = "profiling", .key = "output_dir", .format = Format::path, .variable = "PROFILING_OUTPUT_DIR",
     .derived = "profiling in the working directory", .example = "/var/lib/authd/profiling",
     .description = "The directory of the profiles. Created with mode 0700 when it is missing.",
     .set = [](T t, V v) { t.config.profiling.output_dir = text(v); }},
    {.table = "profiling", .key = "auto_generate", .type = Type::boolean,
     .variable = "PROFILING_AUTO_GENERATE", .preset = "false",
     .description = "Write the report when a session stops, not only when it is requested.",
     .set = [](T t, V v) { t.config.profiling.auto_generate = flag(v); }},

    {.table = "plugins", .key = "dir", .format = Format::path,
     .derived = "../plugins beside the executable's directory, else /usr/lib/authd/plugins",
     .example = "/usr/lib/authd/plugins",
     .description = "The directory of plugins that are named without a path.",
     .set = [](T t, V v) { t.config.plugins.dir = text(v); }},
    {.table = "plugins", .key = "pins", .type = Type::object, .format = Format::sha256, .preset = "",
     .description = "The sha256 that each plugin's file must have: name = \"sha256\".",
     .set = [](T t, V v) { t.config.plugins.pins = lower_case_map(v); }},
    {.table = "plugins", .key = "require_pins", .type = Type::boolean, .preset = "false",
     .description = "Refuse a plugin that has no pin.",
     .fixed = [](C c) { return std::string(c.plugins.require_pins ? "true" : "false"); },
     .set = [](T t, V v) { t.config.plugins.require_pins = flag(v); }},
    {.table = "plugins", .key = "trusted_keys", .type = Type::array, .format = Format::key256,
     .preset = "", .not_built = true,
     .description = "Ed25519 keys that may sign plugins."},

    {.table = "security", .key = "trusted_gateways", .type = Type::array, .format = Format::cidr,
     .variable = "AUTHD_TRUSTED_GATEWAYS", .derived = "loopback when server.host is loopback, else any",
     .example = "10.0.0.0/8", .production_rule = true,
     .description = "Address ranges of the gateways that may ask for tokens. Required in production.",
     .set =
         [](T t, V v) {
           t.config.security.trusted_gateways = list(v);
           t.config.security.names_gateways = v.origin.kind != Origin::Kind::preset && !v.items.empty();
         }},
    {.table = "security", .key = "client_subjects", .type = Type::array, .derived = "any",
     .example = "kong.example.com",
     .description = "Which client certificates may ask for tokens, of those that server.tls.client_ca has signed: "
                    "alternative names (DNS, URI, e-mail), or whole subjects (RFC 4514) such as \"CN=kong,O=Example\".",
     .set = [](T t, V v) { t.config.security.client_subjects = list(v); }},
    {.table = "security", .key = "core_dumps", .type = Type::boolean, .preset = "false",
     .description = "Whether a crash may leave a core dump, and debuggers may attach: both see secrets of consumers. "
                    "For as long as a fault is searched for; the unit needs LimitCORE=infinity, too.",
     .fixed = [](C c) { return std::string(c.security.core_dumps ? "true" : "false"); },
     .set = [](T t, V v) { t.config.security.core_dumps = flag(v); }},
    {.table = "security", .key = "waivers", .type = Type::array, .variable = "AUTHD_WAIVERS", .preset = "",
     .description = "Settings whose production rule is waived, such as \"gateway.admin_url\" for "
                    "plain http on a private network. Each is logged at every start.",
     .set = [](T t, V v) { t.config.security.waivers = list(v); }},

    {.table = "signer", .key = "plugin", .format = Format::plugin, .preset = "signer-file", .shipped = "signer-file",
     .description = "The name of a plugin in plugins.dir, or an absolute path.",
     .fixed = [](C c) { return identity_of(c, "signer"); }, // or its keys would
     .set = [](T t, V v) { t.use->plugin = text(v); }},
    {.table = "signer", .key = "name", .minimum = 1, .maximum = 64, .derived = "the plugin's name",
     .example = "signer-file",
     .description = "Its name in logs. What it sealed, it can open under this name alone.",
     .set = [](T t, V v) { t.use->name = text(v); }},
    {.table = "signer", .key = "sha256", .format = Format::sha256, .derived = "plugins.pins",
     .example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     .description = "The sha256 that the plugin's file must have.",
     .set = [](T t, V v) { t.use->sha256 = lower_hex(v.text.reveal()); }},
    {.table = "signer", .key = "algorithms", .type = Type::array, .minimum = 1, .maximum = 3,
     .choices = "ES256|RS256|EdDSA", .preset = "ES256",
     .description = "What authd signs with; the first is the default. Each has keys of its own. One that is left out "
                    "verifies until its keys have ended.",
     .fixed = [](C c) { return fmt::format("{}", fmt::join(c.signing.algorithms, ",")); },
     .set = [](T t, V v) { t.config.signing.algorithms = each_once(list(v)); }},
    {.table = "signer", .key = "rotate_every", .type = Type::integer, .unit = Unit::milliseconds,
     .minimum = 2 * kHour, .maximum = 3650 * 24 * kHour, .preset = "30d",
     .description = "How long a key signs. The next one is published 70 minutes before it signs; the last one verifies "
                    "for 24 hours and 5 minutes more.",
     .fixed = [](C c) { return fmt::format("{}", c.signing.rotate_every.count()); },
     .set = [](T t, V v) { t.config.signing.rotate_every = ms(v); }},

    {.table = "secrets", .key = "master_keys", .type = Type::array, .format = Format::key256,
     .variable = "AUTHD_MASTER_KEYS", .preset = "", .example = "${credential:authd-master}", .secret = true,
     .production_rule = true,
     .description = "32 bytes in base64 each (`openssl rand -base64 32`): the first seals, all open. Whoever loses them "
                    "loses what they sealed; keep them apart from its backups.",
     .fixed = [](C c) { return fingerprint(c.master_keys); },
     .set = [](T t, V v) { t.config.master_keys = MasterKeys(keys(v)); }},
};

const Setting kBareVariables[] = {
    {.table = "", .key = "", .type = Type::boolean, .variable = "CIRCUIT_BREAKER_ENABLED", .preset = "true",
     .description = "Accepted, but the breaker is always on; false gives a warning.",
     .set = warn_breaker_is_always_on},
    {.table = "", .key = "", .type = Type::boolean, .variable = "REDIS_ENABLED", .preset = "false",
     .adds = {"cache", "cache-redis"},
     .description = "Adds a tier with plugin cache-redis after the others, unless there is one."},
    {.table = "", .key = "", .type = Type::boolean, .variable = "HIGH_AVAILABILITY", .preset = "false",
     .description = "Shown in /health; adds no tier by itself.",
     .set = [](T t, V v) { t.config.high_availability = flag(v); }},
    {.table = "", .key = "", .format = Format::path, .variable = "AUTHD_TEST_CLOCK", .derived = "none",
     .description = "In environment test: a file with the milliseconds that the clock of modules and keys is ahead.",
     .set = [](T t, V v) { t.config.test_clock = text(v); }},
};

// What the table of every plugin has.
const Setting kPluginSettings[] = {
    {.table = "", .key = "plugin", .format = Format::plugin, .required = true,
     .description = "The name of a plugin in plugins.dir, or an absolute path.",
     .set = [](T t, V v) { t.use->plugin = text(v); }},
    {.table = "", .key = "name", .minimum = 1, .maximum = 64, .derived = "the plugin's name",
     .description = "Its name in logs and /health.",
     .set = [](T t, V v) { t.use->name = text(v); }},
    {.table = "", .key = "sha256", .format = Format::sha256, .derived = "plugins.pins",
     .description = "The sha256 that the plugin's file must have.",
     .set = [](T t, V v) { t.use->sha256 = lower_hex(v.text.reveal()); }},
};
// clang-format on

} // namespace

std::vector<Table> tables_of(std::span<const Kind> kinds) {
  std::vector<Table> all;
  for (const Table& table : kTables) {
    const Kind* kind = kind_of_table(table.name, kinds);
    if (kind == nullptr && kind_of_table(table.name) != nullptr) continue;
    all.push_back(table);
    all.back().repeated = kind != nullptr && kind->repeated;
  }
  for (const Kind& kind : kinds) {
    const bool known = std::any_of(all.begin(), all.end(), [&](const Table& t) { return t.name == kind.table; });
    if (!known) all.push_back({kind.table, kind.description, {}, kind.repeated});
  }
  return all;
}

std::span<const Table> tables() {
  static const std::vector<Table> all = tables_of(kinds());
  return all;
}

std::span<const Setting> settings_of(std::string_view table) {
  const auto of_table = [&](const Setting& s) { return s.table == table; };
  const auto first = std::find_if(std::begin(kSettings), std::end(kSettings), of_table);
  if (first == std::end(kSettings)) return kPluginSettings;
  return {first, std::find_if_not(first, std::end(kSettings), of_table)};
}

std::vector<std::string> shipped_plugins(std::string_view table) {
  std::vector<std::string> names;
  for (const Setting& s : settings_of(table)) {
    for (std::string_view rest = s.shipped; !rest.empty();) {
      const std::size_t bar = std::min(rest.find('|'), rest.size());
      names.emplace_back(rest.substr(0, bar));
      rest.remove_prefix(std::min(bar + 1, rest.size()));
    }
  }
  return names;
}

std::span<const Setting> settings() { return kSettings; }
std::span<const Setting> bare_variables() { return kBareVariables; }

void apply(std::string_view table, const Node& node, Target target, const Shape* plugin) {
  for (const Setting& s : settings_of(table)) {
    if (s.set == nullptr) continue;
    if (s.yields_to_plugin && plugin != nullptr && plugin->find(s.key) != nullptr) continue;
    if (const Node* value = node.find_path(s.key)) s.set(target, *value);
  }
}

} // namespace authd::config
