// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <Poco/Dynamic/Var.h>
#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "base/base64url.h"
#include "base/json_writer.h"
#include "pipeline/jwt.h"

namespace authd::pipeline {
namespace {

using Poco::Dynamic::Var;
using Claims = Poco::JSON::Object::Ptr;

constexpr std::size_t kMaxJsonDepth = 16;

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
  return Segments{token.substr(0, first), token.substr(first + 1, second - first - 1),
                  token.substr(second + 1), token.substr(0, second)};
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

// RFC 7519, section 2, NumericDate: a JSON number; a fraction is cut off.
std::optional<std::int64_t> numeric_claim(const Claims& claims, const std::string& name) {
  const Var value = claims->get(name);
  if (value.isEmpty() || value.isString() || value.isBoolean() || !value.isNumeric()) return std::nullopt;
  try {
    if (value.isInteger()) return value.convert<std::int64_t>();
    const double number = value.convert<double>();
    // Beyond 2^53 a double is no exact second any more, and far beyond it no integer at all.
    if (!(std::abs(number) <= 9007199254740992.0)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  } catch (const Poco::Exception&) {
    return std::nullopt;
  }
}

std::vector<std::string> audience_of(const Claims& claims) {
  if (const auto one = string_claim(claims, "aud")) return {*one};
  std::vector<std::string> all;
  const Poco::JSON::Array::Ptr list = claims->getArray("aud");
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    const Var value = list->get(static_cast<unsigned>(i));
    if (value.isString()) all.push_back(value.extract<std::string>());
  }
  return all;
}

// RFC 8725, section 3.1: the algorithm is the credential's, whatever the token would like.
Result<void> check_signature(const Segments& segments, const CredentialView& credential) {
  const Claims header = parse_object(segments.header);
  if (!header) return invalid("The token's header is not a JSON object in base64url");
  if (string_claim(header, "alg") != std::string(name_of(credential.algorithm))) {
    return invalid("The token's alg is not that of the consumer's credential");
  }
  if (header->has("crit")) return invalid("The token has critical header parameters that are not understood");
  std::string signature;
  const Hmac hmac(credential.algorithm, credential.secret);
  const bool decoded = decode_base64url(segments.signature, signature);
  if (!decoded || !equal_constant_time(signature, hmac.sign(segments.signed_part).view())) {
    return invalid("The token's signature is not valid");
  }
  return {};
}

Result<void> check_time(const Claims& claims, std::int64_t now) {
  const auto exp = numeric_claim(claims, "exp");
  if (!exp) return invalid("The token's exp is missing or not a number");
  if (claims->has("nbf")) {
    const auto nbf = numeric_claim(claims, "nbf");
    if (!nbf) return invalid("The token's nbf is not a number");
    if (*nbf > now) return invalid("The token is not valid yet");
  }
  if (*exp <= now) return fail(Code::token_expired, "Token has expired");
  return {};
}

} // namespace

Result<ValidatedToken> validate_token(std::string_view token, const CredentialRecord& credentials,
                                      std::string_view key_claim_name, std::int64_t now) {
  const auto segments = split(token);
  if (!segments) return invalid("The token is not a JWT of three parts");
  const Claims claims = parse_object(segments->payload);
  if (!claims) return invalid("The token's payload is not a JSON object in base64url");
  const auto key = string_claim(claims, std::string(key_claim_name));
  const auto credential = key ? credentials.find(*key) : std::nullopt;
  if (!credential) return invalid("The token was not signed by a credential of this consumer");
  if (auto ok = check_signature(*segments, *credential); !ok) return Failure<>(std::move(ok.error()));
  if (auto ok = check_time(claims, now); !ok) return Failure<>(std::move(ok.error()));
  return ValidatedToken{string_claim(claims, "jti").value_or(""),
                        string_claim(claims, "sub").value_or(""),
                        string_claim(claims, "iss").value_or(""),
                        audience_of(claims),
                        numeric_claim(claims, "iat").value_or(0),
                        *numeric_claim(claims, "exp")};
}

} // namespace authd::pipeline
