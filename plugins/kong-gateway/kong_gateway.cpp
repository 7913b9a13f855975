// SPDX-License-Identifier: Apache-2.0
// The gateway adapter for Kong's Admin API, self-hosted Kong 3.x. It translates and classifies; pooling,
// TLS, deadlines and retries are the host's.
#include <string>
#include <string_view>
#include <vector>

#include "authd/plugin.hpp"
#include "kong-admin/admin_answer.h"
#include "kong-admin/admin_client.h"
#include "kong-admin/credentials.h"

namespace authd::kong_gateway {
namespace {

using sdk::Call;
using sdk::Result;
using sdk::Status;

constexpr auto kSchema = kong_admin::concatenated(R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["admin_url"],
  "properties": {
    "admin_url": {
      "description": "The URL of Kong's Admin API, with its path prefix if it has one.",
      )",
                                                  kong_admin::kAdminUrlMembers, R"(
    },
    "admin_token": {
      "description": "Sent with each request; a leading Bearer is removed.",
      "x-authd-required-in-production": true,
      )",
                                                  kong_admin::kAdminTokenMembers, R"(
    },
    "admin_token_header": {
      "type": "string", "minLength": 1, "maxLength": 64, "default": "Kong-Admin-Token",
      "description": "The header that carries admin_token."
    },)",
                                                  kong_admin::kCommonSettings, R"(
  }
})");

class KongGateway {
 public:
  static constexpr sdk::ComponentInfo info{.name = "kong-gateway",
                                           .summary =
                                               "Consumers and credentials of a self-hosted Kong, over its Admin API",
                                           .schema = kSchema.data(),
                                           .needs = {AUTHD_HTTP_V1},
                                           .mode = "API_GATEWAY"};

  KongGateway(sdk::Host host, const sdk::Config& config, Call& call);

  Status get_secret(Call& call, std::string_view consumer, sdk::CredentialSink& out);
  // One POST, never repeated: Kong may have created the credential although no answer came.
  Status create_secret(Call& call, std::string_view consumer, const sdk::Proposal& proposal, sdk::CredentialSink& out);
  Status delete_secret(Call& call, std::string_view consumer, std::string_view credential_id);
  Status probe(Call& call, sdk::HealthReport& out);
  Status resolve(Call& call, std::string_view consumer, sdk::ByteSink& id);

 private:
  Result<kong_admin::ReadPage> read_page(Call& call, const std::string& url) const;
  Result<std::string> consumer_url(Call& call, std::string_view consumer) const;

  const std::string base_; // without a trailing slash
  const kong_admin::AdminClient client_;
  const std::vector<std::string> tags_; // of what is created
};

// --- what an answer that is no success means. The rules are taken from a running Kong 3.9; each one is there because
// the wrong status would either drop a consumer's cached credential or let one client open the breaker for all.

constexpr int kOperationUnsupported = 12; // kong/db/errors.lua

// A wrong address, a proxy or a load balancer answer 404 as well. Taken for "no such consumer", that
// would drop every consumer's credential, stale copies included.
Status not_found(const sdk::Call& call, const sdk::HttpResponse& answer) {
  const auto error = kong_admin::parse_error(answer.body);
  if (error && error->message == "Not found")
    return call.fail(Status::not_found, "Kong does not know this consumer", answer.status);
  return call.fail(
      Status::unavailable,
      "got a 404 that Kong's Admin API does not send; check that gateway.admin_url is the URL of the Admin API",
      answer.status);
}

// Kong refuses odd names with 400, as JSON or as nginx's HTML. But nginx has 400s that have nothing to do
// with the name, and to blame the consumer for those would hide that no consumer can get a token.
Status bad_request(const sdk::Call& call, const sdk::HttpResponse& answer) {
  for (const std::string_view other : {"HTTPS port", "SSL certificate", "Header Or Cookie Too Large"})
    if (answer.body.find(other) != std::string::npos)
      return call.fail(Status::unavailable,
                       "Kong refuses authd's connection; check gateway.admin_url (http or https?), the client "
                       "certificate and the length of gateway.admin_token",
                       answer.status);
  return call.fail(Status::invalid, "Kong refuses this consumer's name or credential", answer.status);
}

Status method_not_allowed(const sdk::Call& call, const sdk::HttpResponse& answer) {
  const auto error = kong_admin::parse_error(answer.body);
  if (error && error->code == kOperationUnsupported)
    return call.fail(Status::unsupported, "Kong runs without a database: its credentials are read-only", answer.status);
  return call.fail(
      Status::unavailable,
      "got a 405 that Kong's Admin API does not send; check that gateway.admin_url is the URL of the Admin API",
      answer.status);
}

// Records the failure on the call and returns its status, never ok:
//   not_found     404 with Kong's own {"message":"Not found"}
//   invalid       400 and 414: Kong refuses the consumer's name
//   denied        401, 403
//   rate_limited  429, with Retry-After
//   conflict      409
//   unsupported   405 with Kong's code 12: Kong runs without a database
//   corrupt       a success of another kind than was asked for
//   unavailable   everything else: Kong fails, or what answers is not its Admin API
Status classify(const sdk::Call& call, const sdk::HttpResponse& answer) {
  switch (answer.status) {
  case 400:
    return bad_request(call, answer);
  case 401:
  case 403:
    return call.fail(Status::denied, "Kong refuses authd; check gateway.admin_token and admin_token_header",
                     answer.status);
  case 404:
    return not_found(call, answer);
  case 405:
    return method_not_allowed(call, answer);
  default:
    return kong_admin::classify_common(call, answer, "Kong's Admin API");
  }
}

// --- operations

std::string header_of(const sdk::Config& config, Call& call) {
  constexpr std::string_view kNotInNames = "\"(),/:;<=>?@[\\]{}"; // RFC 9110, section 5.6.2
  const std::string_view name = config.string("/admin_token_header", "Kong-Admin-Token");
  if (name.empty() || !kong_admin::is_visible(name) || name.find_first_of(kNotInNames) != std::string_view::npos)
    (void)call.refuse("/admin_token_header", "is not the name of a header");
  return std::string(name);
}

KongGateway::KongGateway(sdk::Host host, const sdk::Config& config, Call& call)
    : base_(kong_admin::admin_url_of(config, call)),
      client_(host, config, header_of(config, call), kong_admin::admin_token_of(config, call)),
      tags_(kong_admin::tags_of(config, call)) {}

Status KongGateway::get_secret(Call& call, std::string_view consumer, sdk::CredentialSink& out) {
  const auto url = consumer_url(call, consumer);
  if (!url) return url.status();
  const auto credentials = kong_admin::read_pages(
      call, "", [&](const std::string& query) { return read_page(call, *url + "/jwt" + query); });
  return credentials ? kong_admin::put_all(*credentials, out) : credentials.status();
}

Result<kong_admin::ReadPage> KongGateway::read_page(Call& call, const std::string& url) const {
  auto answer = client_.send(call, "GET", url);
  if (!answer) return answer.status();
  if (answer->status == 400 && url.find('?') != std::string::npos)
    return call.fail(Status::corrupt, "Kong refuses the offset that it gave for the next page", 400);
  if (answer->status != 200) return classify(call, *answer);
  auto page = kong_admin::take_page(call, *answer);
  if (!page) return page.status();
  if (!page->next) return kong_admin::ReadPage{std::move(page->credentials), {}};
  auto query = kong_admin::query_of_link(call, *page->next);
  if (!query) return query.status();
  return kong_admin::ReadPage{std::move(page->credentials), std::move(*query)};
}

Status KongGateway::create_secret(Call& call, std::string_view consumer, const sdk::Proposal& proposal,
                                  sdk::CredentialSink& out) {
  const auto url = consumer_url(call, consumer);
  if (!url) return url.status();
  const Secret body = kong_admin::create_body(proposal.key, proposal.secret, proposal.algorithm, tags_);
  auto answer = client_.send(call, "POST", *url + "/jwt", body.reveal());
  if (!answer) return answer.status();
  if (answer->status != 201) {
    const Status classified = classify(call, *answer);
    return kong_admin::refused_create(call, *answer, classified, "Kong").value_or(classified);
  }
  const auto created = kong_admin::parse_credential(answer->body);
  kong_admin::wipe(answer->body);
  if (!created) return call.fail(Status::corrupt, "Kong's answer to the create is not a credential", 201);
  return kong_admin::put(*created, out);
}

Status KongGateway::delete_secret(Call& call, std::string_view consumer, std::string_view credential_id) {
  const auto url = consumer_url(call, consumer);
  if (!url) return url.status();
  const auto id = sdk::path_segment(credential_id);
  if (!id) return call.fail(Status::invalid, "this credential id cannot be part of a URL");
  const auto answer = client_.send(call, "DELETE", *url + "/jwt/" + *id);
  if (!answer) return answer.status();
  if (answer->status == 204) return Status::ok;
  const Status status = classify(call, *answer);
  return status == Status::not_found ? Status::ok : status;
}

Status KongGateway::resolve(Call& call, std::string_view consumer, sdk::ByteSink& id) {
  const auto url = consumer_url(call, consumer);
  if (!url) return url.status();
  const auto answer = client_.send(call, "GET", *url);
  if (!answer) return answer.status();
  if (answer->status != 200) return classify(call, *answer);
  const auto found = kong_admin::parse_consumer_id(answer->body);
  if (!found) return call.fail(Status::corrupt, "Kong's answer is not a consumer with an id", 200);
  return id.put(*found);
}

// /status is 200 also while Kong's database is down, and then Kong cannot answer get_secret.
Status KongGateway::probe(Call& call, sdk::HealthReport& out) {
  out.endpoint(base_);
  const auto answer = client_.send(call, "GET", base_ + "/status");
  if (!answer) return answer.status();
  if (answer->status == 404)
    return call.fail(Status::unavailable,
                     "there is no /status; check that gateway.admin_url is the URL of the Admin API", 404);
  if (answer->status != 200) return classify(call, *answer);
  const auto reachable = kong_admin::parse_database_reachable(answer->body);
  if (!reachable) return call.fail(Status::corrupt, "the answer of /status is not that of Kong's Admin API", 200);
  if (!*reachable) out.down("Kong cannot reach its database");
  return Status::ok;
}

Result<std::string> KongGateway::consumer_url(Call& call, std::string_view consumer) const {
  const auto segment = sdk::path_segment(consumer);
  if (!segment) return call.fail(Status::invalid, "this consumer's name cannot be part of a URL");
  return base_ + "/consumers/" + *segment;
}

constexpr sdk::PluginInfo kPlugin{.id = "kong-gateway", .version = "0.1.0", .vendor = "authd", .license = "Apache-2.0"};

} // namespace
} // namespace authd::kong_gateway

AUTHD_PLUGIN(authd::kong_gateway::kPlugin, authd::sdk::GatewayComponent<authd::kong_gateway::KongGateway>);
