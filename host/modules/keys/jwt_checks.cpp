// SPDX-License-Identifier: Apache-2.0
#include "modules/keys/jwt_checks.h"

#include <algorithm>
#include <utility>

#include <Poco/Dynamic/Var.h>
#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "base/base64url.h"
#include "base/json_writer.h"

namespace authd::modules::keys {
namespace {

using Poco::Dynamic::Var;
using Object = Poco::JSON::Object::Ptr;

constexpr std::size_t kMostDepth = 16;
constexpr std::int64_t kLatestDate = 253'402'300'799; // 9999-12-31T23:59:59Z
constexpr std::int64_t kLeewaySeconds = 30;

Failure<std::string> wrong(std::string why) { return Failure<std::string>(std::move(why)); }

// Null: no JSON object in UTF-8.
Object parse_object(const std::string& json) {
  try {
    if (!is_utf8(json)) return {};
    Poco::JSON::Parser parser;
    parser.setDepth(kMostDepth);
    return parser.parse(json).extract<Object>();
  } catch (const std::exception&) { // Poco's own are of it
    return {};
  }
}

std::optional<std::string> text_at(const Object& object, const std::string& name) {
  const Var value = object->get(name);
  if (value.isEmpty() || !value.isString()) return std::nullopt;
  return value.extract<std::string>();
}

// RFC 7519, section 2, NumericDate, a fraction cut off. Nullopt: it is none, or no date of the years 1970 to 9999.
std::optional<std::int64_t> date_at(const Object& object, const std::string& name) {
  const Var value = object->get(name);
  if (value.isEmpty() || value.isString() || value.isBoolean() || !value.isNumeric()) return std::nullopt;
  const double number = value.convert<double>();
  if (!(number >= 0.0 && number < static_cast<double>(kLatestDate + 1))) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

// A string or an array of them; nullopt: neither.
std::optional<std::vector<std::string>> texts_at(const Object& object, const std::string& name) {
  if (auto one = text_at(object, name)) return std::vector<std::string>{std::move(*one)};
  const Poco::JSON::Array::Ptr list = object->getArray(name);
  if (!list) return std::nullopt;
  std::vector<std::string> all;
  for (const Var& value : *list) {
    if (!value.isString()) return std::nullopt;
    all.push_back(value.extract<std::string>());
  }
  return all;
}

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::string without_prefix(std::string_view type) {
  std::string lower(type);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  constexpr std::string_view kPrefix = "application/";
  return lower.starts_with(kPrefix) ? lower.substr(kPrefix.size()) : lower;
}

// Empty: nothing is wrong with the times.
std::string fault_of_times(const Object& claims, std::int64_t now) {
  const auto expires = date_at(claims, "exp");
  if (!expires) return "its exp is missing or no date";
  if (*expires <= now) return "it has expired";
  for (const char* name : {"nbf", "iat"}) {
    if (!claims->has(name)) continue;
    const auto begins = date_at(claims, name);
    if (!begins) return std::string("its ") + name + " is no date";
    if (*begins > now + kLeewaySeconds) return "it is not valid yet";
  }
  return {};
}

std::string fault_of_parties(const Object& claims, const Expectation& expected) {
  if (!expected.issuers.empty() && !contains(expected.issuers, text_at(claims, "iss").value_or("")))
    return "its iss is none that is expected";
  const auto audience = texts_at(claims, "aud");
  if (claims->has("aud") && !audience) return "its aud is neither a string nor an array of strings";
  if (expected.audiences.empty()) return {};
  const bool is_meant = audience && std::any_of(audience->begin(), audience->end(), [&](const std::string& one) {
                          return contains(expected.audiences, one);
                        });
  return is_meant ? "" : "its aud is none that is expected";
}

} // namespace

Result<TokenParts, std::string> take_apart(std::string_view token) {
  if (token.size() > kLongestToken) return wrong("it is longer than 64 KiB");
  const std::size_t first = token.find('.'), second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return wrong("it has not three parts");
  TokenParts parts;
  std::string header;
  const bool decoded = decode_base64url(token.substr(0, first), header) &&
                       decode_base64url(token.substr(first + 1, second - first - 1), parts.claims) &&
                       decode_base64url(token.substr(second + 1), parts.signature);
  const Object object = decoded ? parse_object(header) : Object();
  if (!object) return wrong("its parts are not base64url, or its header is no JSON object");
  if (object->has("crit") || object->has("b64")) return wrong("it has critical header parameters");
  parts.algorithm = text_at(object, "alg").value_or("");
  parts.kid = text_at(object, "kid").value_or("");
  parts.type = text_at(object, "typ").value_or("");
  parts.signed_part = token.substr(0, second);
  return parts;
}

bool is_type(std::string_view given, std::string_view expected) {
  return without_prefix(given) == without_prefix(expected);
}

Result<CheckedClaims, std::string> check_claims(const TokenParts& parts, const Expectation& expected,
                                                std::int64_t now_ms) {
  const Object claims = parse_object(parts.claims);
  if (!claims) return wrong("its payload is no JSON object");
  if (std::string fault = fault_of_times(claims, now_ms / 1000); !fault.empty()) return wrong(std::move(fault));
  if (std::string fault = fault_of_parties(claims, expected); !fault.empty()) return wrong(std::move(fault));
  return CheckedClaims{parts.claims, text_at(claims, "jti").value_or(""), date_at(claims, "exp").value_or(0) * 1000};
}

} // namespace authd::modules::keys
