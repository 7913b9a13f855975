// SPDX-License-Identifier: Apache-2.0
// acme.cpp
#include <authd/plugin.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>

namespace {
using namespace authd::sdk;

constexpr char kSchema[] = R"json({
  "type": "object",
  "properties": {
    "url": {"type": "string", "format": "uri", "x-authd-env": "ACME_URL", "description": "where Acme listens"},
    "token": {"type": "string", "minLength": 1, "x-authd-secret": true, "x-authd-env": "ACME_TOKEN"}
  },
  "required": ["url", "token"]
})json";

// At most a day. A date, which is allowed too (RFC 9110, section 10.2.3), counts as not said.
milliseconds retry_after(const HttpResponse& answer) {
  const std::string_view text = answer.header("Retry-After");
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(std::clamp(seconds, 0, 86'400));
}

class Acme {
 public:
  static constexpr ComponentInfo info{
      .name = "acme", .summary = "credentials of Acme Gateway", .schema = kSchema, .needs = {AUTHD_HTTP_V1}};

  Acme(Host host, const Config& config, Call&)
      : http_(host), url_(config.required_string("/url")),
        authorization_("Bearer " + std::string(config.required_string("/token"))) {
    while (url_.ends_with('/')) url_.pop_back();
  }

  Status get_secret(Call& call, std::string_view consumer, CredentialSink& out) {
    const auto segment = path_segment(consumer);
    if (!segment) return call.fail(Status::invalid, "this consumer's name cannot stand in a URL");
    const auto answer = get(call, "/secrets/" + *segment);
    if (!answer) return answer.status();
    if (answer->status != 200) return classify(call, *answer);
    // Acme answers the bare secret; a gateway that answers JSON needs a parser here.
    return out.put({.id = "1", .key = consumer, .algorithm = "HS256", .secret = answer->body});
  }

  Status probe(Call& call, HealthReport& report) {
    report.endpoint(url_);
    const auto answer = get(call, "/health");
    if (!answer) return answer.status(); // down, and the reason is recorded already
    return answer->status == 200 ? Status::ok : classify(call, *answer);
  }

 private:
  Result<HttpResponse> get(Call& call, const std::string& path) const {
    const std::string url = url_ + path;
    auto answer = http_.exchange(
        call, {.url = url, .headers = {{"Authorization", authorization_}}, .idempotent = true});
    // A request that is refused before it is sent is a fault of ours. `invalid` would say that Acme refuses
    // the consumer, who would then get 401 and lose every cached copy.
    if (!answer && answer.status() == Status::invalid) return Status::internal;
    return answer;
  }

  // What an answer other than the wanted one means; never ok.
  static Status classify(const Call& call, const HttpResponse& answer) {
    switch (answer.status) {
    case 404:
      return Status::not_found; // an ordinary answer: it needs no reason
    case 401:
    case 403:
      return call.fail(Status::denied, "Acme refuses authd; check gateway.token", answer.status);
    case 429:
      return call.fail(Status::rate_limited, "Acme limits the rate of requests", answer.status,
                       retry_after(answer));
    default:
      return call.fail(Status::unavailable, "Acme answered " + std::to_string(answer.status), answer.status,
                       retry_after(answer));
    }
  }

  HttpClient http_;
  std::string url_, authorization_;
};

constexpr PluginInfo kPlugin{.id = "com.acme.gateway", .version = "1.0.0", .license = "Apache-2.0"};
} // namespace

AUTHD_PLUGIN(kPlugin, GatewayComponent<Acme>);
