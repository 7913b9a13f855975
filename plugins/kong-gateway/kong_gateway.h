// SPDX-License-Identifier: Apache-2.0
// The gateway adapter for Kong's Admin API, self-hosted Kong 3.x. It translates and classifies; pooling,
// TLS, deadlines and retries are the host's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin_client.h"
#include "authd/gateway.hpp"
#include "credential_pages.h"

namespace authd::kong {

class KongGateway {
 public:
  static constexpr sdk::ComponentInfo info{.name = "kong-gateway",
                                           .summary =
                                               "Consumers and credentials of a self-hosted Kong, over its Admin API",
                                           .schema = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["admin_url"],
  "properties": {
    "admin_url": {
      "type": "string", "format": "uri",
      "description": "Where Kong's Admin API is; a path prefix is kept.",
      "x-authd-env": "KONG_ADMIN_URL", "x-authd-https-in-production": true
    },
    "admin_token": {
      "type": "string",
      "description": "Sent with each request; a leading word Bearer is taken off.",
      "x-authd-env": "KONG_ADMIN_TOKEN", "x-authd-secret": true, "x-authd-min-production-length": 32,
      "x-authd-required-in-production": true
    },
    "admin_token_header": {
      "type": "string", "minLength": 1, "maxLength": 64, "default": "Kong-Admin-Token",
      "description": "The header that carries admin_token."
    },
    "tags": {
      "type": "array", "items": {"type": "string"}, "default": ["authd"],
      "description": "On each credential that authd creates, for decK's select_tags; [] for none."
    },
    "pool_size": {
      "type": "integer", "minimum": 1, "maximum": 256, "default": 10,
      "description": "Most connections kept open to Kong.",
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
                                           .needs = {AUTHD_HTTP_V1},
                                           .mode = "API_GATEWAY"};

  KongGateway(sdk::Host host, const sdk::Config& config, sdk::Call& call);

  sdk::Status get_secret(sdk::Call& call, std::string_view consumer, sdk::CredentialSink& out);
  // One POST, never repeated: Kong may have created the credential although no answer came.
  sdk::Status create_secret(sdk::Call& call, std::string_view consumer, const sdk::Proposal& proposal,
                            sdk::CredentialSink& out);
  sdk::Status delete_secret(sdk::Call& call, std::string_view consumer, std::string_view credential_id);
  sdk::Status probe(sdk::Call& call, sdk::HealthReport& out);
  sdk::Status resolve(sdk::Call& call, std::string_view consumer, sdk::ByteSink& id);

 private:
  sdk::Result<ReadPage> read_page(sdk::Call& call, const std::string& url) const;
  sdk::Result<std::string> consumer_url(sdk::Call& call, std::string_view consumer) const;

  const std::string base_; // without a trailing slash
  const AdminClient client_;
  const std::vector<std::string> tags_; // of what is created
};

} // namespace authd::kong
