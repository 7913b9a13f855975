// SPDX-License-Identifier: Apache-2.0
// The gateway adapter for Kong Konnect, whose control planes offer consumers and credentials as "core
// entities". Unlike Kong's Admin API it lists credentials by the consumer's UUID only, so a username costs
// one request more.
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "authd/plugin.hpp"
#include "kong-admin/admin_answer.h"
#include "kong-admin/admin_client.h"
#include "kong-admin/credentials.h"
#include "konnect_api.h"
#include "realm_provisioner.h"

namespace authd::kong_konnect {
namespace {

using kong_admin::ReadPage;
using sdk::Call;
using sdk::Result;
using sdk::Status;

constexpr std::string_view kSize = "?size=1000"; // the largest page there is

constexpr auto kSchema = kong_admin::concatenated(R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["admin_url", "admin_token"],
  "properties": {
    "admin_url": {
      "description": "The region's API, /v2/control-planes/ and the id of the control plane; or a base URL of your own.",
      "examples": ["https://eu.api.konghq.com/v2/control-planes/00000000-0000-4000-8000-000000000000"],
      )",
                                                  kong_admin::kAdminUrlMembers, R"(
    },
    "admin_token": {
      "minLength": 1,
      "description": "A personal or system account access token; a leading Bearer is removed.",
      )",
                                                  kong_admin::kAdminTokenMembers, R"(
    },
    "realm": {
      "type": "string", "maxLength": 128,
      "description": "Created in the background if missing; none if empty. Default: auth-realm- and 8 characters of the id.",
      "examples": ["auth-realm-00000000"]
    },)",
                                                  kong_admin::kCommonSettings, R"(
  }
})");

class KonnectGateway {
 public:
  static constexpr sdk::ComponentInfo info{
      .name = "kong-konnect",
      .summary = "Consumers and credentials of a Kong Konnect control plane, over its API",
      .schema = kSchema.data(),
      .needs = {AUTHD_HTTP_V1, AUTHD_CALLS_V1},
      .mode = "KONNECT"};

  KonnectGateway(sdk::Host host, const sdk::Config& config, Call& call);

  Status start(Call& call);
  Status stop(Call& call);
  Status get_secret(Call& call, std::string_view consumer, sdk::CredentialSink& out);
  // One POST, never repeated: Konnect may have created the credential although no answer came.
  Status create_secret(Call& call, std::string_view consumer, const sdk::Proposal& proposal, sdk::CredentialSink& out);
  Status delete_secret(Call& call, std::string_view consumer, std::string_view credential_id);
  Status probe(Call& call, sdk::HealthReport& out);
  Status resolve(Call& call, std::string_view consumer, sdk::ByteSink& id);

 private:
  // The consumer's UUID; a name that has the shape of one is taken for one, as Kong does.
  Result<std::string> id_of(Call& call, std::string_view consumer) const;
  // The URL of the consumer's credentials.
  Result<std::string> credentials_url(Call& call, std::string_view consumer) const;
  Result<kong_admin::ReadPage> read_page(Call& call, const std::string& url, const std::string& query) const;
  Status answers_for_consumers(Call& call) const;
  Status failed(Call& call, const sdk::HttpResponse& answer) const;

  const ControlPlane plane_;
  const std::string consumers_; // URL of the collection
  const kong_admin::AdminClient client_;
  const std::vector<std::string> tags_;     // of what is created
  std::unique_ptr<RealmProvisioner> realm_; // null: realm is empty
};

// --- construction

ControlPlane plane_of(const sdk::Config& config, Call& call) {
  const std::string url = kong_admin::admin_url_of(config, call);
  if (call.refused()) return {};
  try {
    ControlPlane plane = control_plane_of(url);
    if (const auto warning = warning_about(plane))
      call.log(sdk::Level::warn, "configuration", "gateway.admin_url: " + *warning);
    return plane;
  } catch (const std::invalid_argument& why) {
    (void)call.refuse("/admin_url", why.what());
    return {};
  }
}

Secret authorization(const sdk::Config& config, Call& call) {
  const bool refused_before = call.refused();
  const Secret token = kong_admin::admin_token_of(config, call);
  if (token.reveal().empty() && call.refused() == refused_before)
    (void)call.refuse("/admin_token", "is required by Konnect");
  return Secret("Bearer " + std::string(token.reveal()));
}

KonnectGateway::KonnectGateway(sdk::Host host, const sdk::Config& config, Call& call)
    : plane_(plane_of(config, call)), consumers_(plane_.base + "/core-entities/consumers"),
      client_(host, config, "Authorization", authorization(config, call)), tags_(kong_admin::tags_of(config, call)) {
  const std::string realm(config.string("/realm", default_realm(plane_)));
  if (!realm.empty()) realm_ = std::make_unique<RealmProvisioner>(host, client_, plane_, realm);
}

Status KonnectGateway::start(Call&) {
  if (realm_) realm_->start();
  return Status::ok;
}

Status KonnectGateway::stop(Call&) {
  if (realm_) realm_->stop();
  return Status::ok;
}

// --- operations

Status KonnectGateway::get_secret(Call& call, std::string_view consumer, sdk::CredentialSink& out) {
  const auto url = credentials_url(call, consumer);
  if (!url) return url.status();
  const auto credentials = kong_admin::read_pages(
      call, std::string(kSize), [&](const std::string& query) { return read_page(call, *url, query); });
  return credentials ? kong_admin::put_all(*credentials, out) : credentials.status();
}

// `offset` is what Konnect documents for the next page; `next`, which may be without the size, is for
// control planes that leave it out. An offset that only repeats the one asked for leads nowhere.
Result<ReadPage> KonnectGateway::read_page(Call& call, const std::string& url, const std::string& query) const {
  auto answer = client_.send(call, "GET", url + query);
  if (!answer) return answer.status();
  // The consumer's id is a UUID: it is not that which is refused.
  if (answer->status == 400) return call.fail(Status::corrupt, "Konnect refuses the requested page", 400);
  if (answer->status != 200) return failed(call, *answer);
  auto page = kong_admin::take_page(call, *answer);
  if (!page) return page.status();
  ReadPage read{std::move(page->credentials), {}};
  if (page->says_last) return read;
  if (const auto offset = sdk::path_segment(page->offset.value_or(""))) {
    const std::string next = std::string(kSize) + "&offset=" + *offset;
    if (next != query) read.next_query = next;
  } else if (page->next) {
    auto next = kong_admin::query_of_link(call, *page->next);
    if (!next) return next.status();
    read.next_query = std::move(*next);
  }
  return read;
}

Status KonnectGateway::create_secret(Call& call, std::string_view consumer, const sdk::Proposal& proposal,
                                     sdk::CredentialSink& out) {
  const auto url = credentials_url(call, consumer);
  if (!url) return url.status();
  const Secret body = kong_admin::create_body(proposal.key, proposal.secret, proposal.algorithm, tags_);
  auto answer = client_.send(call, "POST", *url, body.reveal());
  if (!answer) return answer.status();
  if (answer->status != 201) {
    const Status classified = failed(call, *answer);
    if (answer->status == 404) return classified; // what else Konnect answered has decided
    return kong_admin::refused_create(call, *answer, classified, "Konnect").value_or(classified);
  }
  const auto created = kong_admin::parse_credential(answer->body);
  kong_admin::wipe(answer->body);
  if (!created) return call.fail(Status::corrupt, "Konnect's answer to the create is not a credential", 201);
  return kong_admin::put(*created, out);
}

Status KonnectGateway::delete_secret(Call& call, std::string_view consumer, std::string_view credential_id) {
  const auto id = sdk::path_segment(credential_id);
  if (!id) return call.fail(Status::invalid, "this credential id cannot be part of a URL");
  const auto url = credentials_url(call, consumer);
  if (!url) return url.status() == Status::not_found ? Status::ok : url.status();
  const auto answer = client_.send(call, "DELETE", *url + "/" + *id);
  if (!answer) return answer.status();
  if (answer->status == 204) return Status::ok; // also when it did not exist
  const Status status = failed(call, *answer);
  return status == Status::not_found ? Status::ok : status;
}

Status KonnectGateway::resolve(Call& call, std::string_view consumer, sdk::ByteSink& id) {
  const auto found = id_of(call, consumer);
  return found ? id.put(*found) : found.status();
}

// One consumer is asked for, not the control plane: that is another API, which may be up while core
// entities are down, and which a token may be allowed to read without being allowed to read consumers.
Status KonnectGateway::probe(Call& call, sdk::HealthReport& out) {
  out.endpoint(plane_.base);
  const Status status = answers_for_consumers(call);
  if (status != Status::ok || !realm_) return status;
  if (const std::string trouble = realm_->trouble(); !trouble.empty()) out.degraded(trouble);
  return Status::ok;
}

Result<std::string> KonnectGateway::id_of(Call& call, std::string_view consumer) const {
  if (kong_admin::is_uuid(consumer)) return std::string(consumer);
  const auto segment = sdk::path_segment(consumer);
  if (!segment) return call.fail(Status::invalid, "this consumer's name cannot be part of a URL");
  const auto answer = client_.send(call, "GET", consumers_ + "/" + *segment);
  if (!answer) return answer.status();
  if (answer->status != 200) return failed(call, *answer);
  const auto found = kong_admin::parse_consumer_id(answer->body);
  if (!found) return call.fail(Status::corrupt, "Konnect's answer is not a consumer with an id", 200);
  return *found;
}

Result<std::string> KonnectGateway::credentials_url(Call& call, std::string_view consumer) const {
  const auto id = id_of(call, consumer);
  if (!id) return id.status();
  return consumers_ + "/" + *id + "/jwt";
}

Status KonnectGateway::answers_for_consumers(Call& call) const {
  const auto answer = client_.send(call, "GET", consumers_ + "?size=1");
  if (!answer) return answer.status();
  if (answer->status != 200) return classify(call, *answer);
  if (!kong_admin::is_list(answer->body))
    return call.fail(Status::corrupt, "Konnect's answer is not a list of consumers", 200);
  return Status::ok;
}

// A 404 may be about the consumer, the control plane, or the region. Taken for "no such consumer", a
// mistyped admin_url would drop every consumer's credential, stale copies included; so Konnect must show
// that it has the control plane's consumers before one of them counts as gone.
Status KonnectGateway::failed(Call& call, const sdk::HttpResponse& answer) const {
  if (answer.status != 404) return classify(call, answer);
  if (const Status status = answers_for_consumers(call); status != Status::ok) return status;
  return call.fail(Status::not_found, "Konnect does not know this consumer", 404);
}

constexpr sdk::PluginInfo kPlugin{.id = "kong-konnect", .version = "0.1.0", .vendor = "authd", .license = "Apache-2.0"};

} // namespace
} // namespace authd::kong_konnect

AUTHD_PLUGIN(authd::kong_konnect::kPlugin, authd::sdk::GatewayComponent<authd::kong_konnect::KonnectGateway>);
