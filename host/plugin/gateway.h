// SPDX-License-Identifier: Apache-2.0
// The checked proxy of an authd.gateway/1 instance: statuses are normalised, exceptions stopped, tables
// probed for what they hold, and what the plugin puts is copied and bounded.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "authd/gateway.h"
#include "base/call.h"
#include "base/result.h"
#include "plugin/health.h"
#include "secrets/secret.h"

namespace authd::plugin {

struct GatewayCredential {
  std::string id;
  std::string key;
  std::string algorithm;       // as the gateway names it
  Secret secret;               // empty for asymmetric algorithms
  std::int64_t created_at = 0; // seconds since the epoch
};

struct Proposal {
  std::string key;
  std::string algorithm = "HS256";
  Secret secret;
};

class Instance; // instance.h: owns `self` and ends its life

class Gateway {
 public:
  // The instance's component must be of kind authd.gateway/1 and have get_secret and probe.
  explicit Gateway(std::shared_ptr<Instance> instance);

  // At most 1,024 credentials are taken; more is CallStatus::corrupt. [thread-safe] [may-block]
  Result<std::vector<GatewayCredential>, CallFailure> get_secret(Call& call, std::string_view consumer) const;
  Result<GatewayCredential, CallFailure> create_secret(Call& call, std::string_view consumer,
                                                       const Proposal& proposal) const;
  Result<void, CallFailure> delete_secret(Call& call, std::string_view consumer, std::string_view id) const;
  // The gateway's UUID for the consumer; the given id where the plugin cannot resolve.
  Result<std::string, CallFailure> resolve(Call& call, std::string_view consumer) const;
  Health probe(Call& call) const;

  bool can_create() const;
  bool can_resolve() const;             // false: resolve gives back what it was given
  const std::string& plugin_id() const; // e.g. "kong-gateway"
  const std::string& mode() const;      // what /health calls it, e.g. "API_GATEWAY"

 private:
  std::shared_ptr<Instance> instance_;
  const authd_gateway_ops* ops_;
};

} // namespace authd::plugin
