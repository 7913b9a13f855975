// SPDX-License-Identifier: Apache-2.0
// The gateway adapter for Kong Konnect, whose control planes offer consumers and credentials as "core
// entities". Unlike Kong's Admin API it lists credentials by the consumer's UUID only, so a username costs
// one request more.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin_client.h"
#include "authd/calls.h"
#include "authd/gateway.hpp"
#include "control_plane.h"
#include "credential_pages.h"
#include "realm_keeper.h"

namespace authd::konnect {

class KonnectGateway {
 public:
  static constexpr sdk::ComponentInfo info{
      .name = "kong-konnect",
      .summary = "Consumers and credentials of a Kong Konnect control plane, over its API",
      .schema = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["admin_url", "admin_token"],
  "properties": {
    "admin_url": {
      "type": "string", "format": "uri",
      "description": "The control plane: its region's API, /v2/control-planes/ and its id; or the base of one's own.",
      "examples": ["https://eu.api.konghq.com/v2/control-planes/00000000-0000-4000-8000-000000000000"],
      "x-authd-env": "KONG_ADMIN_URL", "x-authd-https-in-production": true
    },
    "admin_token": {
      "type": "string", "minLength": 1,
      "description": "A personal or system account access token; a leading word Bearer is taken off.",
      "x-authd-env": "KONG_ADMIN_TOKEN", "x-authd-secret": true, "x-authd-min-production-length": 32
    },
    "realm": {
      "type": "string", "maxLength": 128,
      "description": "Made in the background if missing; auth-realm-<start of id>, without id default; none if empty.",
      "examples": ["auth-realm-00000000"]
    },
    "tags": {
      "type": "array", "items": {"type": "string"}, "default": ["authd"],
      "description": "On each credential that authd creates, for decK's select_tags; [] for none."
    },
    "pool_size": {
      "type": "integer", "minimum": 1, "maximum": 256, "default": 10,
      "description": "Most connections kept open to Konnect.",
      "x-authd-env": "KONG_CONNECTION_POOL_SIZE"
    },
    "connect_timeout": {
      "type": "integer", "minimum": 100, "maximum": 60000, "default": 5000, "x-authd-unit": "ms",
      "description": "How long a connection may take; the deadline of the call bounds it too.",
      "x-authd-env": "KONG_CONNECTION_TIMEOUT"
    },
    "max_attempts": {
      "type": "integer", "minimum": 1, "maximum": 10, "default": 2,
      "description": "Of a call that may be repeated (all but the creation of a credential), within its deadline."
    },
    "retry_base": {
      "type": "integer", "minimum": 10, "maximum": 5000, "default": 100, "x-authd-unit": "ms",
      "description": "The first retry waits a random time up to this, each further one up to twice as long."
    }
  }
})",
      .needs = {AUTHD_HTTP_V1, AUTHD_CALLS_V1},
      .mode = "KONNECT"};

  KonnectGateway(sdk::Host host, const sdk::Config& config, sdk::Call& call);

  sdk::Status start(sdk::Call& call);
  sdk::Status stop(sdk::Call& call);
  sdk::Status get_secret(sdk::Call& call, std::string_view consumer, sdk::CredentialSink& out);
  // One POST, never repeated: Konnect may have created the credential although no answer came.
  sdk::Status create_secret(sdk::Call& call, std::string_view consumer, const sdk::Proposal& proposal,
                            sdk::CredentialSink& out);
  sdk::Status delete_secret(sdk::Call& call, std::string_view consumer, std::string_view credential_id);
  sdk::Status probe(sdk::Call& call, sdk::HealthReport& out);
  sdk::Status resolve(sdk::Call& call, std::string_view consumer, sdk::ByteSink& id);

 private:
  // The consumer's UUID; a name that has the shape of one is taken for one, as Kong does.
  sdk::Result<std::string> id_of(sdk::Call& call, std::string_view consumer) const;
  // The URL of the consumer's credentials.
  sdk::Result<std::string> credentials_url(sdk::Call& call, std::string_view consumer) const;
  sdk::Result<kong::ReadPage> read_page(sdk::Call& call, const std::string& url, const std::string& query) const;
  sdk::Status answers_for_consumers(sdk::Call& call) const;
  sdk::Status failed(sdk::Call& call, const sdk::HttpResponse& answer) const;

  const ControlPlane plane_;
  const std::string consumers_; // URL of the collection
  const kong::AdminClient client_;
  const std::vector<std::string> tags_; // of what is created
  std::unique_ptr<RealmKeeper> realm_;  // none: not wanted
};

} // namespace authd::konnect
