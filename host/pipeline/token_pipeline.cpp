// SPDX-License-Identifier: Apache-2.0
#include "pipeline/token_pipeline.h"

#include <exception>

#include "base/clock.h"
#include "base/random.h"

namespace authd::pipeline {
namespace {

// What one thread needs to sign without allocating: random ids drawn in batches and the token's buffers.
struct SignerContext {
  UuidSource ids;
  Signer signer;
  DecodedSecret secret;
};

SignerContext& signer_context() {
  thread_local SignerContext instance;
  return instance;
}

} // namespace

TokenPipeline::TokenPipeline(const config::Jwt& jwt, SecretLookup& lookup)
    : claims_(jwt), key_claim_name_(jwt.key_claim_name), secret_is_base64_(jwt.secret_is_base64), lookup_(lookup) {}

Result<Consumer> TokenPipeline::identify(const IdentityHeaders& headers) const {
  auto consumer = validate(headers);
  if (!consumer || headers.claims.empty()) return consumer;
  if (auto ok = claims_.configured().check(headers.claims); !ok) return Failure<>(std::move(ok.error()));
  consumer->claims = headers.claims;
  return consumer;
}

Result<IssuedToken> TokenPipeline::issue(const Consumer& consumer, std::string_view record) const {
  const auto credentials = CredentialRecord::decode(record);
  if (!credentials) return fail(Code::signing_failed, "The token could not be signed");
  try {
    SignerContext& context = signer_context();
    CredentialView newest = credentials->newest();
    if (secret_is_base64_ && !context.secret.replace_in(newest)) {
      return fail(Code::signing_failed,
                  "The secret of the consumer's credential is not base64, but jwt.secret_is_base64 is on");
    }
    const UuidSource::Text jti = context.ids.next();
    const IssuedToken token = context.signer.sign(claims_, consumer, newest, view(jti), unix_seconds(wall_now()));
    context.secret.clear();
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
