// SPDX-License-Identifier: Apache-2.0
// Stage 3: a compact JWS (RFC 7515) that Kong's jwt plugin accepts, and the check of such a token.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/result.h"
#include "config/config.h"
#include "pipeline/configured_claims.h"
#include "pipeline/consumer.h"
#include "pipeline/credential.h"

namespace authd::pipeline {

struct IssuedToken {
  std::string_view text;        // into the signer's buffer, valid until its next sign
  std::string_view jti;         // likewise
  std::int64_t expires_in = 0;  // seconds, exp - iat
  std::string_view key{};       // the credential's
  std::string_view algorithm{}; // static text: "HS256"
};

// RFC 7519, section 4.1.3: a single entry as a string, others as an array.
void write_audience(JsonWriter& json, const std::vector<std::string>& audience);

// What all tokens of one configuration share, computed once. [thread-safe]
class ClaimsTemplate {
 public:
  explicit ClaimsTemplate(const config::Jwt& jwt);

  const ConfiguredClaims& configured() const { return configured_; }

 private:
  friend class Signer;
  std::string key_prefix_;          // `,"key":`
  std::string issuer_and_audience_; // `,"iss":"...","aud":"..."`, without iss when the key claim is iss
  std::string unique_name_domain_;  // "example.com#", escaped, without quotes
  ConfiguredClaims configured_;     // behind all others
  std::int64_t expiration_ = 0;     // seconds
  std::int64_t clock_skew_ = 0;     // seconds
};

// One per thread: reuses its buffers, so that a token allocates nothing once they have grown.
class Signer {
 public:
  // `jti`: 36 characters, unique. `now`: seconds since the epoch.
  IssuedToken sign(const ClaimsTemplate& claims, const Consumer& consumer, const CredentialView& credential,
                   std::string_view jti, std::int64_t now);

 private:
  void write_payload(const ClaimsTemplate& claims, const Consumer& consumer, std::string_view key, std::string_view jti,
                     std::int64_t now);

  std::string payload_;
  std::string token_;
  std::string jti_;
};

struct ValidatedToken {
  std::string token_id;
  std::string subject;
  std::string issuer;
  std::vector<std::string> audience;
  std::optional<std::int64_t> issued_at; // seconds since the epoch, up to the year 9999
  std::int64_t expires_at = 0;           // likewise
};

// A token that one of this consumer's credentials signed and that is in time, by Kong's own rules: no
// leeway, `exp` must be a number ahead of now, `nbf` (if there) a number not ahead of it. What else is there has the
// type that RFC 7519, section 4.1, says. AUTH_010 expired, AUTH_011 anything else that is wrong.
Result<ValidatedToken> validate_token(std::string_view token, const CredentialRecord& credentials,
                                      std::string_view key_claim_name, std::int64_t now, bool secret_is_base64 = false);

} // namespace authd::pipeline
