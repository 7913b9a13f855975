// SPDX-License-Identifier: Apache-2.0
#include "pipeline/token_pipeline.h"

#include <exception>

#include "base/clock.h"
#include "base/uuid.h"

namespace authd::pipeline {
namespace {

// What one thread needs to sign without allocating: random ids drawn in batches and the token's buffers.
struct SigningDesk {
  UuidSource ids;
  Signer signer;
};

SigningDesk& desk() {
  thread_local SigningDesk instance;
  return instance;
}

} // namespace

TokenPipeline::TokenPipeline(const config::Jwt& jwt, SecretLookup& lookup)
    : claims_(jwt), key_claim_name_(jwt.key_claim_name), lookup_(lookup) {}

Result<IssuedToken> TokenPipeline::issue(const Consumer& consumer, std::string_view record) const {
  const auto credentials = CredentialRecord::decode(record);
  if (!credentials) return fail(Code::signing_failed, "The token could not be signed");
  try {
    SigningDesk& d = desk();
    const UuidSource::Text jti = d.ids.next();
    return d.signer.sign(claims_, consumer, credentials->newest(), view(jti), unix_seconds(wall_now()));
  } catch (const std::exception&) {
    return fail(Code::signing_failed, "The token could not be signed");
  }
}

Result<ValidatedToken> TokenPipeline::check(std::string_view token, std::string_view record) const {
  const auto credentials = CredentialRecord::decode(record);
  if (!credentials) return fail(Code::unforeseen, "The consumer's credentials could not be read");
  return validate_token(token, *credentials, key_claim_name_, unix_seconds(wall_now()));
}

} // namespace authd::pipeline
