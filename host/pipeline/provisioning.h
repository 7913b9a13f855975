// SPDX-License-Identifier: Apache-2.0
// Finds a consumer's credentials in the gateway, or creates the first one. However many instances meet the
// same new consumer at once, and also when a create times out after it was carried out, the consumer ends
// with one credential: the proposed key is a pure function of its UUID, so the gateway's unique index
// lets one create through and answers 409 to the others, who then list again and use the winner's secret.
#pragma once

#include <string>
#include <string_view>

#include "pipeline/credential.h"
#include "pipeline/recorder.h"
#include "plugin/gateway.h"

namespace authd::pipeline {

// "authd-" and 32 hexadecimal digits. `attempt` counts up when somebody else holds the key before.
std::string proposed_key(std::string_view consumer_uuid, unsigned attempt);

struct GatewayAnswer {
  enum class Kind {
    found,         // selection.usable has at least one
    no_credential, // the consumer exists; detail says why none could be made
    unknown,       // no such consumer, or an id that the gateway refuses
    failed,        // see failure
  };
  Kind kind = Kind::failed;
  Selection selection;
  std::string detail;
  plugin::Failure failure;
};

class CredentialSource {
 public:
  // Both references must outlive it.
  CredentialSource(const plugin::Gateway& gateway, bool auto_provision, Recorder& recorder)
      : gateway_(gateway), auto_provision_(auto_provision), recorder_(recorder) {}

  GatewayAnswer find_or_create(plugin::Call& call, std::string_view consumer) const; // [may-block]

 private:
  GatewayAnswer list(plugin::Call& call, std::string_view consumer) const;
  GatewayAnswer create(plugin::Call& call, std::string_view consumer) const;
  Result<std::string, plugin::Failure> uuid_of(plugin::Call& call, std::string_view consumer) const;

  const plugin::Gateway& gateway_;
  const bool auto_provision_;
  Recorder& recorder_;
};

} // namespace authd::pipeline
