// SPDX-License-Identifier: Apache-2.0
// Finds a consumer's credentials in the gateway, or creates the first one. However many instances meet the
// same new consumer at once, and also when a create times out after it was carried out, the consumer ends
// with one credential: the proposed key is a pure function of its UUID, so the gateway's unique index
// lets one create through and answers 409 to the others, who then list again and use the winner's secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "pipeline/credential.h"
#include "pipeline/gateway_health.h"
#include "pipeline/guarded_calls.h"
#include "pipeline/hmac.h"
#include "pipeline/recorder.h"
#include "plugin/gateway.h"

namespace authd::pipeline {

// "authd-" and 32 hexadecimal digits. `attempt` counts up when another consumer has the key before.
std::string proposed_key(std::string_view consumer_uuid, unsigned attempt);

struct GatewayAnswer {
  enum class Kind {
    found,         // selection.usable has at least one
    no_credential, // the consumer exists; detail says why none could be made
    unknown,       // no such consumer, or an id that the gateway refuses
    failed,        // AUTH_004 or AUTH_005: see error
  };
  Kind kind = Kind::failed;
  Selection selection;
  std::string detail; // for the client
  Error error{};
  std::string reason{}; // for operators: the call that brought this about, and the gateway's words; empty: none
  // The consumer had no credential, and one was made, or may have been although that failed: copies from before are
  // of a credential that the gateway does not have any more.
  bool made = false;
  std::string id{}; // made: the gateway's id, where that is not what was asked for

  bool is_gone() const { return kind == Kind::unknown || kind == Kind::no_credential; }
};

// What the gateway says of a consumer's name.
struct Identity {
  enum class Kind { known, unknown, silent };
  Kind kind = Kind::silent; // silent: it failed, or may not be asked now
  std::string id{};         // known: its id there; the name itself where the gateway does not tell
};

// A secret of the length that the algorithm wants.
plugin::Proposal propose(std::string key, Algorithm algorithm);

class CredentialSource {
 public:
  // All references must outlive it.
  // `creates`: the algorithm of credentials that are made; nullopt: none is.
  CredentialSource(const plugin::Gateway& gateway, GatewayHealth& health, std::optional<Algorithm> creates)
      : gateway_(gateway), health_(health), creates_(creates) {}

  // Each call to the gateway is admitted and judged by `calls`. [may-block]
  GatewayAnswer find_or_create(Call& call, std::string_view consumer, GuardedCalls& calls) const;
  // Who has this id or username. Changes nothing in the gateway. [may-block]
  Identity identify(Call& call, std::string_view consumer, GuardedCalls& calls) const;

 private:
  GatewayAnswer list(Call& call, std::string_view consumer, GuardedCalls& calls) const;
  GatewayAnswer create(Call& call, std::string_view consumer, GuardedCalls& calls) const;
  std::optional<GatewayAnswer> create_with_key(Call& call, std::string_view consumer, std::string key,
                                               GuardedCalls& calls) const;
  Result<std::string, GatewayAnswer> resolve(Call& call, std::string_view consumer, GuardedCalls& calls) const;
  GatewayAnswer not_found(Call& call, GuardedCalls& calls) const;

  const plugin::Gateway& gateway_;
  GatewayHealth& health_;
  const std::optional<Algorithm> creates_;
};

} // namespace authd::pipeline
