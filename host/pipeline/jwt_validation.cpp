// SPDX-License-Identifier: Apache-2.0
#include <Poco/Dynamic/Var.h>
#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "base/base64url.h"
#include "base/json_writer.h"
#include "pipeline/credential.h"
#include "pipeline/jwt.h"

namespace authd::pipeline {
namespace {

using Poco::Dynamic::Var;
using Claims = Poco::JSON::Object::Ptr;

constexpr std::size_t kMaxJsonDepth = 16;
constexpr std::int64_t kLatestDate = 253'402'300'799; // 9999-12-31T23:59:59Z

Failure<Error> invalid(std::string detail) { return fail(Code::token_invalid, std::move(detail)); }

struct Segments {
  std::string_view header, payload, signature, signed_part;
};

std::optional<Segments> split(std::string_view token) {
  const auto first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return Segments{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
                  token.substr(0, second)};
}

// nullptr: not base64url, not UTF-8, not JSON, not an object.
Claims parse_object(std::string_view segment) {
  std::string json;
  if (!decode_base64url(segment, json) || !is_utf8(json)) return {};
  try {
    Poco::JSON::Parser parser;
    parser.setDepth(kMaxJsonDepth);
    return parser.parse(json).extract<Claims>();
  } catch (const Poco::Exception&) {
    return {};
  } catch (const std::exception&) {
    return {};
  }
}

std::optional<std::string> string_claim(const Claims& claims, const std::string& name) {
  const Var value = claims->get(name);
  if (value.isEmpty() || !value.isString()) return std::nullopt;
  return value.extract<std::string>();
}

// RFC 7519, section 2, NumericDate: a JSON number; a fraction is cut off. nullopt: it is none, or before 1970 or after
// the year 9999, for which there is no date to show.
std::optional<std::int64_t> numeric_claim(const Claims& claims, const std::string& name) {
  const Var value = claims->get(name);
  if (value.isEmpty() || value.isString() || value.isBoolean() || !value.isNumeric()) return std::nullopt;
  try {
    // A double holds every second of that range; the conversion of a greater number would be undefined.
    const double number = value.convert<double>();
    if (!(number >= 0.0 && number < static_cast<double>(kLatestDate + 1))) return std::nullopt;
    return static_cast<std::int64_t>(number);
  } catch (const Poco::Exception&) {
    return std::nullopt;
  }
}

// RFC 7519, section 4.1.3: a string, or an array of them.
bool has_audience(const Claims& claims, std::vector<std::string>& all) {
  if (!claims->has("aud")) return true;
  if (const auto one = string_claim(claims, "aud")) {
    all = {*one};
    return true;
  }
  const Poco::JSON::Array::Ptr list = claims->getArray("aud");
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    const Var value = list->get(static_cast<unsigned>(i));
    if (!value.isString()) return false;
    all.push_back(value.extract<std::string>());
  }
  return !list.isNull();
}

// RFC 8725, section 3.1: the algorithm is the credential's, whatever the token would like.
Result<void> check_signature(const Segments& segments, const CredentialView& credential) {
  const Claims header = parse_object(segments.header);
  if (!header) return invalid("The token's header is not a JSON object in base64url");
  if (string_claim(header, "alg") != std::string(name_of(credential.algorithm))) {
    return invalid("The token's alg does not match the consumer's credential");
  }
  if (header->has("crit")) return invalid("The token has critical header parameters, which are not supported");
  std::string signature;
  const Hmac hmac(credential.algorithm, credential.secret);
  const bool decoded = decode_base64url(segments.signature, signature);
  if (!decoded || !equal_constant_time(signature, hmac.sign(segments.signed_part).view())) {
    return invalid("The token's signature is invalid");
  }
  return {};
}

Result<void> check_time(const Claims& claims, std::int64_t now) {
  const auto exp = numeric_claim(claims, "exp");
  if (!exp) return invalid("The token's exp is missing, not a number or out of range");
  if (claims->has("nbf")) {
    const auto nbf = numeric_claim(claims, "nbf");
    if (!nbf) return invalid("The token's nbf is not a number or out of range");
    if (*nbf > now) return invalid("The token is not yet valid");
  }
  if (*exp <= now) return fail(Code::token_expired, "Token has expired");
  return {};
}

// What is optional has its type nevertheless: RFC 7519, section 4.1.
Result<ValidatedToken> describe(const Claims& claims) {
  ValidatedToken token;
  const std::pair<const char*, std::string&> texts[] = {
      {"jti", token.token_id}, {"sub", token.subject}, {"iss", token.issuer}};
  for (const auto& [name, text] : texts) {
    if (!claims->has(name)) continue;
    auto given = string_claim(claims, name);
    if (!given) return invalid("The token's " + std::string(name) + " is not a string");
    text = std::move(*given);
  }
  if (!has_audience(claims, token.audience)) {
    return invalid("The token's aud is neither a string nor an array of strings");
  }
  token.issued_at = numeric_claim(claims, "iat");
  if (claims->has("iat") && !token.issued_at) return invalid("The token's iat is not a number or out of range");
  token.expires_at = numeric_claim(claims, "exp").value_or(0);
  return token;
}

} // namespace

Result<ValidatedToken> validate_token(std::string_view token, const CredentialRecord& credentials,
                                      std::string_view key_claim_name, std::int64_t now, bool secret_is_base64) {
  const auto segments = split(token);
  if (!segments) return invalid("The token is not a JWT: expected three parts");
  const Claims claims = parse_object(segments->payload);
  if (!claims) return invalid("The token's payload is not a JSON object in base64url");
  const auto key = string_claim(claims, std::string(key_claim_name));
  auto credential = key ? credentials.find(*key) : std::nullopt;
  if (!credential) return invalid("The token was not signed by a credential of this consumer");
  DecodedSecret decoded;
  if (secret_is_base64 && !decoded.replace_in(*credential)) {
    return invalid("The secret of the consumer's credential is not base64, but jwt.secret_is_base64 is on");
  }
  if (auto ok = check_signature(*segments, *credential); !ok) return Failure<>(std::move(ok.error()));
  auto described = describe(claims);
  if (!described) return described;
  if (auto ok = check_time(claims, now); !ok) return Failure<>(std::move(ok.error()));
  return described;
}

} // namespace authd::pipeline
