// SPDX-License-Identifier: Apache-2.0
#include "pipeline/token_pipeline.h"

#include <exception>

#include "base/clock.h"
#include "base/random.h"
#include "pipeline/secret_text.h"

namespace authd::pipeline {
namespace {

// What one thread needs to sign without allocating: random ids drawn in batches and the token's buffers.
struct SigningDesk {
  UuidSource ids;
  Signer signer;
  DecodedSecret secret;
};

SigningDesk& desk() {
  thread_local SigningDesk instance;
  return instance;
}

} // namespace

TokenPipeline::TokenPipeline(const config::Jwt& jwt, SecretLookup& lookup)
    : claims_(jwt), key_claim_name_(jwt.key_claim_name), secret_is_base64_(jwt.secret_is_base64), lookup_(lookup) {}

Result<IssuedToken> TokenPipeline::issue(const Consumer& consumer, std::string_view record) const {
  const auto credentials = CredentialRecord::decode(record);
  if (!credentials) return fail(Code::signing_failed, "The token could not be signed");
  try {
    SigningDesk& d = desk();
    CredentialView newest = credentials->newest();
    if (secret_is_base64_ && !d.secret.replace_in(newest)) {
      return fail(Code::signing_failed,
                  "The secret of the consumer's credential is not base64, as jwt.secret_is_base64 "
                  "has it");
    }
    const UuidSource::Text jti = d.ids.next();
    const IssuedToken token = d.signer.sign(claims_, consumer, newest, view(jti), unix_seconds(wall_now()));
    d.secret.clear();
    return token;
  } catch (const std::exception&) {
    return fail(Code::signing_failed, "The token could not be signed");
  }
}

Result<ValidatedToken> TokenPipeline::check(std::string_view token, std::string_view record) const {
  const auto credentials = CredentialRecord::decode(record);
  if (!credentials) return fail(Code::unforeseen, "The consumer's credentials could not be read");
  return validate_token(token, *credentials, key_claim_name_, unix_seconds(wall_now()), secret_is_base64_);
}

} // namespace authd::pipeline
