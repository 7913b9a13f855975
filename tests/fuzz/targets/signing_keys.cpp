// SPDX-License-Identifier: Apache-2.0
// The first byte says what the rest is: "t" a token, and "c" its claims; "r" the body of a key's record; "m" the
// further claims of a module; "p" a public key in DER; "f" the text of a key's file. Required: what is taken is what
// was given, written again it is the same, and further claims have none that the host sets.
#include <algorithm>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "base/base64url.h"
#include "fuzz_target.h"
#include "key_file.h"
#include "modules/further_claims.h"
#include "modules/keys/jwt_checks.h"
#include "modules/keys/key_record.h"
#include "modules/keys/verifying_key.h"
#include "private_key.h"

namespace authd::fuzz {
namespace {

using namespace modules;

constexpr std::int64_t kNowMs = 1'800'000'000'000;
const keys::Expectation kExpected{"at+jwt", {"https://id.example.com"}, {"api"}, {}};

Poco::JSON::Object::Ptr parsed(const std::string& json) {
  Poco::JSON::Parser parser;
  return parser.parse(json).extract<Poco::JSON::Object::Ptr>();
}

void token(std::string_view text) {
  const auto parts = keys::take_apart(text);
  if (!parts) return;
  require(text.starts_with(parts->signed_part), "the signed part is of the token");
  std::string signature;
  append_base64url(signature, parts->signature);
  require(text == std::string(parts->signed_part) + '.' + signature, "nothing is left beside the three parts");
  (void)keys::check_claims(*parts, {}, kNowMs);
}

void claims(std::string_view json) {
  keys::TokenParts parts;
  parts.claims = json;
  const auto checked = keys::check_claims(parts, kExpected, kNowMs);
  if (!checked) return;
  require(checked->expires_at_ms > kNowMs, "a token that has expired is refused");
  require(parsed(parts.claims)->getValue<std::string>("iss") == kExpected.issuers.front(),
          "the issuer is the expected one");
}

void record(std::string_view body) {
  const auto key = keys::read_key({std::string(keys::kKeyType), "kid", std::string(body)});
  if (!key) return;
  const auto again = keys::read_key(keys::to_record(*key));
  require(again && again->state == key->state && again->since_ms == key->since_ms &&
              again->public_key == key->public_key && again->algorithm == key->algorithm &&
              again->emergency == key->emergency,
          "a record that is read is written as the same");
}

void members(std::string_view object) {
  const auto further = further_claims(object);
  if (!further) return;
  const auto all = parsed(R"({"iss":"host")" + *further + '}');
  require(all->getValue<std::string>("iss") == "host", "no module sets the issuer");
  for (const char* name : {"sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "cnf"})
    require(!all->has(name), "no module sets what is the host's");
}

void public_key(std::string_view der) {
  for (const char* algorithm : {"ES256", "RS256", "EdDSA"}) {
    const auto key = keys::VerifyingKey::parse(algorithm, der);
    if (!key) continue;
    const auto jwk = parsed(key->jwk());
    require(jwk->getValue<std::string>("kid") == key->kid() && key->kid().size() == 43, "a key has a thumbprint");
    require(!key->verifies("message", "signature"), "no signature is made up");
  }
}

void file(std::string_view text) {
  const auto read = signer_file::read_text(text);
  if (!read) return;
  const auto again = signer_file::read_text(signer_file::write_text(*read).reveal());
  require(again && again->sealed == read->sealed && again->bytes == read->bytes,
          "a file that is read is written as the same");
  (void)signer_file::PrivateKey::decode(read->bytes);
}

} // namespace

void signing_keys(Bytes input) {
  std::string_view text = as_text(input);
  switch (take_choice(text)) {
  case 't':
    return token(text);
  case 'c':
    return claims(text);
  case 'r':
    return record(text);
  case 'm':
    return members(text);
  case 'p':
    return public_key(text);
  case 'f':
    return file(text);
  default:
    return;
  }
}

} // namespace authd::fuzz
