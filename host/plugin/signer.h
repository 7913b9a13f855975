// SPDX-License-Identifier: Apache-2.0
// The checked proxy of an authd.signer/1 instance: statuses are normalised, exceptions stopped, and what the plugin
// puts is copied, bounded and held against the rules of the ABI.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "authd/signer.h"
#include "base/call.h"
#include "base/result.h"

namespace authd::plugin {

struct PublicKey {
  std::string id;                 // the signer's own name of it
  std::string algorithm;          // "ES256"
  std::string spki;               // SubjectPublicKeyInfo in DER, not parsed
  std::int64_t created_at_ms = 0; // since the epoch; 0: unknown
};

class Instance;

class Signer {
 public:
  // The instance's component must be of kind authd.signer/1 and have all of its operations.
  explicit Signer(std::shared_ptr<Instance> instance);

  // Whether sign may be called on a reactor.
  bool signs_inline(std::string_view algorithm) const;

  // Replaces `signature`. CallStatus::corrupt: of more than 1 KiB, or empty. [thread-safe] [may-block] unless
  // signs_inline
  Result<void, CallFailure> sign(Call& call, std::string_view id, std::string_view message,
                                 std::string& signature) const;
  // [thread-safe] [may-block]
  Result<PublicKey, CallFailure> generate(Call& call, std::string_view algorithm) const;
  Result<std::vector<PublicKey>, CallFailure> public_keys(Call& call) const;
  Result<void, CallFailure> remove(Call& call, std::string_view id) const;

  const std::string& name() const; // the instance's

 private:
  std::shared_ptr<Instance> instance_;
  const authd_signer_ops* ops_;
};

} // namespace authd::plugin
