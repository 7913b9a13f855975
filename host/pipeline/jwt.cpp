// SPDX-License-Identifier: Apache-2.0
#include "pipeline/jwt.h"

#include <array>

#include <fmt/format.h>

#include "base/base64url.h"
#include "base/json_writer.h"

namespace authd::pipeline {
namespace {

// base64url of {"alg":"HS256","typ":"JWT"} and so on, with the dot that follows.
const std::string& encoded_header(Algorithm algorithm) {
  static const std::array<std::string, 3> kHeaders = [] {
    std::array<std::string, 3> headers;
    for (const Algorithm a : {Algorithm::hs256, Algorithm::hs384, Algorithm::hs512}) {
      std::string& text = headers[static_cast<std::size_t>(a)];
      append_base64url(text, fmt::format(R"({{"alg":"{}","typ":"JWT"}})", name_of(a)));
      text += '.';
    }
    return headers;
  }();
  return kHeaders[static_cast<std::size_t>(algorithm)];
}

void append_number(std::string& out, std::int64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

} // namespace

void write_audience(JsonWriter& json, const std::vector<std::string>& audience) {
  if (audience.size() == 1) {
    json.value(audience.front());
    return;
  }
  json.begin_array();
  for (const std::string& a : audience) json.value(a);
  json.end_array();
}

ClaimsTemplate::ClaimsTemplate(const config::Jwt& jwt)
    : configured_(jwt.claims), expiration_(jwt.expiration.count()), clock_skew_(jwt.clock_skew.count()) {
  key_prefix_ = ",";
  append_json_string(key_prefix_, jwt.key_claim_name);
  key_prefix_ += ':';
  if (jwt.key_claim_name != "iss") {
    issuer_and_audience_ = R"(,"iss":)";
    append_json_string(issuer_and_audience_, jwt.issuer);
  }
  issuer_and_audience_ += R"(,"aud":)";
  JsonWriter json(issuer_and_audience_);
  write_audience(json, jwt.audience);
  append_json_string(unique_name_domain_, jwt.unique_name_domain + "#");
  unique_name_domain_ = unique_name_domain_.substr(1, unique_name_domain_.size() - 2);
}

IssuedToken Signer::sign(const ClaimsTemplate& claims, const Consumer& consumer, const CredentialView& credential,
                         std::string_view jti, std::int64_t now) {
  jti_.assign(jti);
  write_payload(claims, consumer, credential.key, jti_, now);
  token_.assign(encoded_header(credential.algorithm));
  append_base64url(token_, payload_);
  const Hmac hmac(credential.algorithm, credential.secret);
  const Hmac::Mac mac = hmac.sign(token_);
  token_ += '.';
  append_base64url(token_, mac.view());
  return {token_, jti_, claims.expiration_, credential.key, name_of(credential.algorithm)};
}

// The order of the claims is part of the contract: spec/token-service.md, "GET /tokens".
void Signer::write_payload(const ClaimsTemplate& claims, const Consumer& consumer, std::string_view key,
                           std::string_view jti, std::int64_t now) {
  payload_.assign(R"({"sub":)");
  const std::size_t name_at = payload_.size();
  append_json_string(payload_, consumer.username);
  const std::size_t name_size = payload_.size() - name_at;
  // Later appends read from the buffer's own front, which must not move under them.
  payload_.reserve(payload_.size() + claims.key_prefix_.size() + 6 * key.size() + jti.size() +
                   claims.issuer_and_audience_.size() + claims.unique_name_domain_.size() + 2 * name_size + 200);
  const std::string_view name(payload_.data() + name_at, name_size);
  payload_ += claims.key_prefix_;
  append_json_string(payload_, key);
  payload_.append(R"(,"jti":")").append(jti).append(R"(","iat":)");
  append_number(payload_, now);
  payload_ += R"(,"nbf":)";
  append_number(payload_, now - claims.clock_skew_);
  payload_ += R"(,"exp":)";
  append_number(payload_, now + claims.expiration_);
  payload_.append(claims.issuer_and_audience_).append(R"(,"name":)").append(name);
  payload_.append(R"(,"unique_name":")").append(claims.unique_name_domain_).append(name.substr(1));
  claims.configured_.append(payload_, consumer.claims);
  payload_ += '}';
}

} // namespace authd::pipeline
