// SPDX-License-Identifier: Apache-2.0
// The configuration as the rest of authd sees it: immutable once loaded. What each value means, its
// range, default and variable stand in one row of settings.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/tls_identity.h"
#include "secrets/master_keys.h"
#include "secrets/secret.h"

namespace authd::config {

enum class Environment { development, staging, production, test, local };
std::string_view name_of(Environment e);
// The text is one of the known names (checked before); anything else is development.
Environment environment_named(std::string_view name);

// A validated plugin setting by RFC 6901 JSON pointer ("/admin_url"), as authd_host.cfg_get serves it.
struct PluginValue {
  enum class Type { boolean, integer, number, string, array, object };
  Type type = Type::string;
  std::int64_t integer = 0; // boolean: 0 or 1; durations in ms, sizes in bytes; array, object: count
  double number = 0;
  Secret text; // strings are held as secrets, because some of them are
  bool secret = false;
  bool unknown = false;   // stands in for a credential that is not there yet (LoadOptions)
  std::string file_state; // of a path: differs once the file was replaced or written to; "": no regular file
  bool operator==(const PluginValue&) const = default;
};

// Where each setting stands, as a problem begins: "etc/authd.toml:14:11: gateway.admin_url". The table's own is
// at the pointer "". A setting that only moved is the same.
struct SettingPlaces {
  std::map<std::string, std::string, std::less<>> by_pointer;
  bool operator==(const SettingPlaces&) const { return true; }
};

// Ordered by pointer. Holds the defaults too. Objects list their members' names in order under
// "<pointer>" -> keys.
struct PluginSettings {
  std::map<std::string, PluginValue, std::less<>> values;
  std::map<std::string, std::vector<std::string>, std::less<>> keys;
  SettingPlaces places = {};
  bool operator==(const PluginSettings&) const = default;
};

// Absolute paths of PEM files; certificate and key are both empty or neither is.
struct ServerTls {
  std::string certificate;
  std::string key;
  std::string client_ca;                       // empty: clients need no certificate
  std::shared_ptr<const TlsIdentity> identity; // what the files held when this was loaded; null: plain HTTP
};

// What an adapter's HTTPS connections believe and show (service authd.http/1). Absolute paths of PEM files;
// certificate and key are both empty or neither is.
struct OutgoingTls {
  std::string ca_file; // empty: the system's authorities
  std::string client_certificate;
  std::string client_key;
  std::shared_ptr<const TlsIdentity> identity; // what the files held when this was loaded; null: none is named
  // A file that only moved is the same; one that was renewed under the same path is not.
  bool operator==(const OutgoingTls& other) const {
    if (identity == nullptr || other.identity == nullptr) return identity == other.identity;
    return *identity == *other.identity;
  }
};

struct UnixSocket {
  std::string path;  // absolute; empty: none
  std::string group; // name or number; empty: that of the process
  mode_t mode = 0660;
};

struct Server {
  std::string host = "127.0.0.1";
  std::uint16_t port = 3000; // 0 lets the kernel choose (environment test only)
  unsigned reactors = 0;     // 0: one per CPU of affinity and cgroup quota
  unsigned max_connections = 10000;
  unsigned max_connections_per_peer = 0; // 0: no such limit
  std::size_t header_limit = 16 * 1024;  // bytes
  std::size_t url_limit = 8 * 1024;      // bytes
  std::size_t body_limit = 1024 * 1024;  // bytes
  milliseconds idle_timeout{75'000};
  milliseconds header_timeout{10'000};
  milliseconds drain_delay{0};
  milliseconds drain_timeout{30'000};
  milliseconds request_timeout{10'000}; // of a module's handler
  ServerTls tls;
  UnixSocket unix_socket;        // beside host and port
  std::vector<uid_t> unix_peers; // who may connect to it; empty: any
};

// One of [jwt.claims]: a constant, or what a header of the request says.
struct Claim {
  std::string name;
  std::string json;     // the constant; empty: from a header
  std::string header;   // its name as it is written; empty: a constant
  bool is_list = false; // the header's value is split at commas
};

struct Jwt {
  std::string authority;
  std::vector<std::string> audience; // at least one
  std::string issuer;                // the first of jwt.issuer, else authority
  std::string key_claim_name = "key";
  seconds expiration{900};
  seconds clock_skew{0};
  std::string unique_name_domain = "example.com";
  bool secret_is_base64 = false; // the HMAC key is what a credential's secret decodes to
  std::vector<Claim> claims;     // in the order of the file
};

// What the host knows of a [gateway] or [[cache]] table.
struct PluginUse {
  std::string plugin; // bare name under plugins.dir, or an absolute path
  std::string name;   // instance name, default: the plugin's
  std::string sha256; // lower-case hex, empty: not pinned
  // Whether what it is given leaves this process, as far as its note says (Kind::remote); false while that is unread.
  bool remote = false;
  PluginSettings settings;
  OutgoingTls tls;      // of [gateway] alone
  std::string base_url; // of [[endpoint]] alone: what clients call it; empty: not said
  bool operator==(const PluginUse&) const = default;
};

struct Gateway : PluginUse {
  bool auto_provision = true;
  std::string algorithm = "HS256"; // of credentials that authd creates: HS256, HS384 or HS512
  unsigned pool_size = 10;         // 1-256: workers of the blocking lane
};

// Of [signer], whose plugin is in Config::others.
struct Signing {
  std::vector<std::string> algorithms{"ES256"}; // at least one, each once; the first is the default
  milliseconds rotate_every{std::chrono::hours(24 * 30)};
  bool operator==(const Signing&) const = default;
};

struct Tier : PluginUse {
  milliseconds ttl{300'000};
  milliseconds stale{1'800'000};
  milliseconds read_timeout{50}; // what a request waits for a blocking tier
};

// One [[endpoint]]: a module that owns routes.
struct Endpoint : PluginUse {
  std::string mount;              // before its paths: "" or "/api/v1"
  std::vector<std::string> grant; // ids of the services that it may need; empty: any
  unsigned max_concurrency = 0;   // workers that it may hold at a time; 0: half of them
};

struct Breaker {
  milliseconds timeout{500};
  unsigned error_threshold_percent = 50;
  milliseconds reset_timeout{30'000};
  milliseconds window{10'000};
  unsigned buckets = 10;
  unsigned volume_threshold = 5;
  bool operator==(const Breaker&) const = default;
};

struct Lookup {
  milliseconds negative_ttl{10'000};
  double refresh_ahead = 0.2;          // fraction of the TTL, 0: off
  milliseconds suspect_grace{2000};    // 0-60000
  std::vector<Secret> encryption_keys; // 32 raw bytes each: the first seals, all open
};

// Of each consumer, by GCRA (base/gcra.h).
struct RateLimit {
  std::int64_t max_requests = 0;       // within the window; 0: off
  milliseconds window{60'000};         // 1 ms to 24 h
  std::optional<bool> shared;          // none: if a tier can count for all instances
  bool legacy_headers = false;         // X-RateLimit-* too
  std::size_t max_consumers = 100'000; // that this instance can count at the same time
};

enum class AccessLog { off, errors, all };

enum class TelemetryMode { console, otlp, both };
std::string_view name_of(TelemetryMode mode);

// Sent with each export (config/otlp_headers.h).
struct OtlpHeader {
  std::string name;
  Secret value; // percent-decoded
};

// Where telemetry is exported to, and how.
struct Otlp {
  std::string endpoint;        // the base: /v1/traces and its like are appended; empty: none
  std::string traces_endpoint; // these as they are; empty: from the base
  std::string metrics_endpoint;
  std::string logs_endpoint;
  std::vector<OtlpHeader> headers;
  milliseconds timeout{30'000};                // of one export
  unsigned batch_size = 2048;                  // spans or log records in one export
  unsigned queue_size = 10'000;                // spans, and log records, that wait
  milliseconds export_interval{10'000};        // of metrics; what is queued waits no longer either
  std::string ca_file;                         // empty: the system's authorities
  std::shared_ptr<const TlsIdentity> identity; // what the file held when this was loaded; null: none is named
};

struct Telemetry {
  std::string service_name = "authentication-service";
  std::string service_version;
  Level log_level = Level::info;
  AccessLog access_log = AccessLog::errors;
  bool hash_user_names = false;
  bool audit = true;               // a line for each token; development: false
  bool truncate_addresses = false; // in logs and traces, to /24 and /48
  double trace_sample_ratio = 0.1; // of the traces that begin here: 0 to 1
  TelemetryMode mode = TelemetryMode::console;
  Otlp otlp;
};

struct Api {
  std::vector<std::string> cors{"*"};
  bool cors_credentials = false;
  // Of the API document; empty: left out, or what the comment says.
  std::string title = "Authentication Service API";
  std::string description; // a summary of the API
  std::string version;     // that of authd
  std::string contact_name;
  std::string contact_email;
  std::string license_name; // the identifier
  std::string license_identifier;
};

struct Profiling {
  bool enabled = false;
  std::string output_dir;     // absolute
  bool auto_generate = false; // reports are written when a session stops, else when they are asked for
};

struct Plugins {
  std::string dir;                         // where bare names are looked up
  std::map<std::string, std::string> pins; // plugin -> sha256
  bool require_pins = false;
};

struct Admin {
  std::string listen; // "unix:/path" or "host:port"; empty: no admin listener
  std::string group;  // of the Unix socket: name or number; empty: that of the process
  mode_t mode = 0600; // of the Unix socket
};

struct Security {
  std::vector<std::string> trusted_gateways; // CIDR; empty: any
  bool names_gateways = false;               // they are set, not derived from server.host
  bool core_dumps = false;
  std::vector<std::string> client_subjects; // of certificates that may ask for tokens; empty: any
  std::vector<std::string> waivers;         // TOML paths whose production rule is waived
};

// A setting as `authd config show` prints it.
struct EffectiveValue {
  std::string path;   // "breaker.timeout", "cache[0].ttl"
  std::string toml;   // the value as TOML, secrets as "[redacted]"
  std::string origin; // "etc/authd.toml:14:11", "CIRCUIT_BREAKER_TIMEOUT", "default"
};

struct Config {
  Environment environment = Environment::development;
  Server server;
  Jwt jwt;                 // required where there is a gateway
  bool has_gateway = true; // false: modules alone are served, and no tokens of consumers
  Gateway gateway;
  std::vector<Tier> cache; // fastest first
  std::vector<Endpoint> endpoints;
  std::map<std::string, std::vector<PluginUse>, std::less<>> others; // by id of the kind: those without a member here
  Breaker breaker;
  Lookup lookup;
  RateLimit rate_limit;
  Telemetry telemetry;
  Api api;
  Profiling profiling;
  Plugins plugins;
  Security security;
  Admin admin;
  Signing signing;                       // [signer], if there is one
  MasterKeys master_keys;                // [secrets]
  std::string test_clock;                // AUTHD_TEST_CLOCK: see base/movable_clock.h; empty: none
  bool high_availability = false;        // shown in /health
  std::string file;                      // what was read, empty: environment alone
  std::vector<std::string> warnings;     // to be logged at start, each names the setting and the mend
  std::vector<EffectiveValue> effective; // every setting that has a value, grouped by table
};

// For digests that people write in either case.
std::string lower_hex(std::string_view digits);

} // namespace authd::config
