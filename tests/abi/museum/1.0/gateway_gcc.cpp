// SPDX-License-Identifier: Apache-2.0
// A gateway and a serialised cache tier over the C++ glue of ABI 1.0. It uses what that SDK had: settings of
// every type, each outcome of a call, calls of its own, an exchange.
#include <authd/plugin.hpp>

#include <atomic>
#include <map>
#include <stdexcept>
#include <string>

namespace {
using namespace authd::sdk;

constexpr char kSchema[] = R"json({
  "type": "object",
  "properties": {
    "secret": {"type": "string", "x-authd-secret": true, "default": "0123456789abcdef0123456789abcdef"},
    "url": {"type": "string", "format": "uri"},
    "retries": {"type": "integer", "default": 3},
    "ratio": {"type": "number", "default": 0.5},
    "strict": {"type": "boolean", "default": true},
    "names": {"type": "array", "items": {"type": "string"}},
    "limits": {"type": "object", "properties": {"low": {"type": "integer", "default": 1}}}
  }
})json";

class MuseumGateway {
 public:
  static constexpr ComponentInfo info{.name = "museum-gateway",
                                      .summary = "one consumer whose key is another at each list",
                                      .schema = kSchema,
                                      .needs = {AUTHD_CALLS_V1}};

  MuseumGateway(Host host, const Config& config, Call&)
      : http_(host), calls_(host), secret_(config.string("/secret")), url_(config.string("/url")) {
    if (config.integer("/retries", 0) > 10) throw std::invalid_argument("retries is more than 10");
    settings_ = "retries=" + std::to_string(config.integer("/retries", 0)) +
                (config.number("/ratio", 0) == 0.5 ? " ratio=half" : " ratio=other") +
                (config.boolean("/strict", false) ? " strict" : " lax");
    for (const std::string_view name : config.strings("/names")) settings_ += " " + std::string(name);
    for (const std::string_view key : config.keys("/limits")) settings_ += " limits." + std::string(key);
  }

  Status start(Call& call) {
    call.log(Level::info, "museum-started", settings_ + " " + secret_);
    return Status::ok;
  }
  Status stop(Call& call) {
    call.log(Level::info, "museum-stopped", settings_);
    return Status::ok;
  }

  Status get_secret(Call& call, std::string_view consumer, CredentialSink& out) {
    if (consumer == "throws") throw std::runtime_error("thrown by the museum");
    if (consumer == "limited")
      return call.fail(Status::rate_limited, "come back later", 429, milliseconds(1500));
    if (consumer == "own-call") return of_a_call_of_its_own(call);
    if (!consumer.starts_with("alice")) return Status::not_found;
    const std::string n = std::to_string(++lists_);
    const Status status = out.put({.id = "rsa", .key = "rsa-key", .algorithm = "RS256", .created_at = 1});
    if (status != Status::ok) return status;
    const std::string key = "alice-key-" + n;
    return out.put(
        {.id = n, .key = key, .algorithm = "HS256", .secret = secret_, .created_at = 1'700'000'000});
  }

  Status create_secret(Call&, std::string_view, const Proposal& p, CredentialSink& out) {
    return out.put({.id = "made", .key = p.key, .algorithm = p.algorithm, .secret = p.secret});
  }

  Status delete_secret(Call& call, std::string_view, std::string_view id) {
    return id == "1" ? Status::ok : call.fail(Status::denied, "not that one", 403, milliseconds(250));
  }

  Status resolve(Call&, std::string_view consumer, ByteSink& id) {
    return id.put("id-of-" + std::string(consumer));
  }

  Status probe(Call& call, HealthReport& report) {
    if (url_.empty()) {
      report.endpoint("memory://museum");
      report.degraded("it is a museum");
      return Status::ok;
    }
    const auto answer = http_.exchange(call, {.url = url_, .idempotent = true});
    if (!answer) return answer.status();
    report.endpoint(url_ + " " + answer->body);
    return answer->status == 200 ? Status::ok : call.fail(Status::unavailable, "no 200", answer->status);
  }

 private:
  // The host writes into an authd_error that is as long as 1.0 had it.
  Status of_a_call_of_its_own(Call& call) {
    OwnCall own = calls_.open(milliseconds(60'000));
    const Status status = own.call().fail(Status::denied, "of its own", 418, milliseconds(7));
    const OwnCall::Failure failure = own.failure();
    if (status != Status::denied || failure.message != "of its own" || failure.upstream_status != 418 ||
        failure.retry_after != milliseconds(7))
      return call.fail(Status::corrupt, "its own call has another failure: " + failure.message);
    own.withdraw();
    return own.call().expired() ? Status::conflict : Status::corrupt;
  }

  HttpClient http_;
  OwnCalls calls_;
  std::string secret_, url_, settings_;
  std::atomic<int> lists_{0};
};

class MuseumMap {
 public:
  static constexpr ComponentInfo info{.name = "museum-map",
                                      .summary = "a map that never forgets",
                                      .schema = R"({"type": "object"})",
                                      .flags = AUTHD_CACHE_NONBLOCKING | AUTHD_CACHE_SERIALIZED};

  MuseumMap(Host, const Config&, Call&) {}

  Status get(Call&, std::string_view key, ByteSink& out) {
    const auto found = entries_.find(key);
    return found != entries_.end() ? out.put(found->second) : Status::not_found;
  }
  Status get_stale(Call& call, std::string_view key, ByteSink& out) { return get(call, key, out); }
  Status set(Call&, std::string_view key, std::string_view value, milliseconds, milliseconds) {
    entries_.insert_or_assign(std::string(key), std::string(value));
    return Status::ok;
  }
  Status del(Call&, std::string_view key) {
    if (const auto found = entries_.find(key); found != entries_.end()) entries_.erase(found);
    return Status::ok;
  }
  Status clear(Call&, std::string_view) {
    entries_.clear();
    return Status::ok;
  }

 private:
  std::map<std::string, std::string, std::less<>> entries_;
};

constexpr PluginInfo kPlugin{.id = "museum.gcc",
                             .version = "1.0.0",
                             .vendor = "authd",
                             .license = "Apache-2.0",
                             .url = "https://example.com/museum"};
} // namespace

AUTHD_PLUGIN(kPlugin, GatewayComponent<MuseumGateway>, CacheComponent<MuseumMap>);
