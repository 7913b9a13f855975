// SPDX-License-Identifier: Apache-2.0
// The fixed pipeline: header validation -> breaker-guarded secret lookup -> JWT signing. Each stage is a
// function from a value to the next: IdentityHeaders -> Consumer -> credential record -> token.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"
#include "pipeline/consumer.h"
#include "pipeline/jwt.h"
#include "pipeline/secret_lookup.h"

namespace authd::pipeline {

class TokenPipeline {
 public:
  // The lookup must outlive it.
  TokenPipeline(const config::Jwt& jwt, SecretLookup& lookup);

  // The headers beside the consumer's that a token needs: IdentityHeaders::claims in this order.
  std::span<const std::string> claim_headers() const { return claims_.configured().headers(); }

  // As validate; AUTH_007 also for what a claim is to be read from.
  Result<Consumer> identify(const IdentityHeaders& headers) const;
  SecretLookup& lookup() const { return lookup_; }

  // Signs with the newest credential of the record. The token's text is in a buffer of the calling
  // thread until its next issue(). AUTH_003 when it cannot be signed. [thread-safe]
  Result<IssuedToken> issue(const Consumer& consumer, std::string_view record) const;

  // AUTH_010, AUTH_011: see validate_token. [thread-safe]
  Result<ValidatedToken> check(std::string_view token, std::string_view record) const;

 private:
  const ClaimsTemplate claims_;
  const std::string key_claim_name_;
  const bool secret_is_base64_;
  SecretLookup& lookup_;
};

} // namespace authd::pipeline
