// SPDX-License-Identifier: Apache-2.0
// "r" and a token; or "1", "2", "3" and header and payload on two lines, which are signed with that credential (the
// third one's secret is base64 as well). Required: a validated token verifies with OpenSSL's own HMAC, is in time, and
// no longer validates with another byte, another secret, or when it has expired.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/base64url.h"
#include "fuzz_target.h"
#include "pipeline/jwt.h"

namespace authd::fuzz {
namespace {

using namespace pipeline;

constexpr std::int64_t kNow = 1'800'000'000;

struct Known {
  const char* key;
  const char* algorithm;
  const char* secret;
};
constexpr Known kKnown[] = {{"key-1", "HS256", "0123456789abcdef0123456789abcdef"},
                            {"key-2", "HS384", "another secret, of HS384"},
                            {"key-3", "HS512", "MDEyMzQ1Njc4OWFiY2RlZg=="}};

std::string record_of(std::string_view suffix) {
  Selection selection;
  for (const Known& known : kKnown) {
    plugin::GatewayCredential credential;
    credential.key = known.key;
    credential.algorithm = known.algorithm;
    credential.secret = Secret(known.secret + std::string(suffix));
    selection.usable.push_back(std::move(credential));
  }
  std::string record;
  CredentialRecord::encode(selection, WallTime(), record);
  return record;
}

std::string mac_of(std::string_view algorithm, std::string_view secret, std::string_view message) {
  const EVP_MD* digest = algorithm == "HS256" ? EVP_sha256() : algorithm == "HS384" ? EVP_sha384() : EVP_sha512();
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(digest, secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), mac, &size);
  return {reinterpret_cast<const char*>(mac), size};
}

std::string token_from(std::string_view input) {
  const char choice = take_choice(input);
  if (choice < '1' || choice > '3') return std::string(input);
  const Known& known = kKnown[choice - '1'];
  std::string token;
  append_base64url(token, take_line(input));
  token += '.';
  append_base64url(token, input);
  const std::string mac = mac_of(known.algorithm, known.secret, token);
  token += '.';
  append_base64url(token, mac);
  return token;
}

bool verifies(std::string_view token, bool secret_is_base64) {
  const std::string_view signed_part = token.substr(0, token.rfind('.'));
  std::string signature;
  require(decode_base64url(token.substr(signed_part.size() + 1), signature), "the signature is base64url");
  for (const Known& known : kKnown) {
    std::string secret = known.secret;
    if (secret_is_base64 && !decode_secret(known.secret, secret)) continue;
    if (signature == mac_of(known.algorithm, secret, signed_part)) return true;
  }
  return false;
}

bool validates(std::string_view token, const CredentialRecord& record, std::int64_t now, bool base64) {
  return validate_token(token, record, "key", now, base64).has_value();
}

void require_valid(const std::string& token, const CredentialRecord& record, bool base64) {
  static const std::string kOtherBytes = record_of("x");
  static const CredentialRecord kOthers = *CredentialRecord::decode(kOtherBytes);
  const auto valid = validate_token(token, record, "key", kNow, base64);
  if (!valid) {
    const Error& error = valid.error();
    require(error.code == Code::token_expired || error.code == Code::token_invalid, "a token is expired or invalid");
    require(is_one_line(error.detail), "a refusal has a reason");
    return;
  }
  require(verifies(token, base64), "a validated token verifies");
  require(valid->expires_at > kNow, "a validated token is in time");
  require(!valid->issued_at || *valid->issued_at >= 0, "iat is a date");
  require(validates(token, record, valid->expires_at - 1, base64), "it validates until it expires");
  require(validate_token(token, record, "key", valid->expires_at, base64).error().code == Code::token_expired,
          "it no longer validates once it has expired");
  require(!validates(token, kOthers, kNow, base64), "it does not validate with other secrets");
  std::string changed = token;
  const std::size_t at = place_in(token);
  changed[at] = changed[at] == 'A' ? 'B' : 'A';
  require(!validates(changed, record, kNow, base64), "it does not validate with another byte in it");
}

} // namespace

void token(Bytes input) {
  static const std::string kBytes = record_of("");
  static const CredentialRecord kRecord = *CredentialRecord::decode(kBytes);
  const std::string text = token_from(as_text(input));
  require_valid(text, kRecord, false);
  require_valid(text, kRecord, true);
}

} // namespace authd::fuzz
