// SPDX-License-Identifier: Apache-2.0
// Lines of "id: value", "username: ", "anonymous: ", "tenant: ", "roles: " and "untrusted: " are the headers of a
// request. Required: who is accepted has one id and one name of text; the token for them is JSON that says exactly what
// the headers say, and validates.
#include <map>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>

#include "base/base64url.h"
#include "base/field_syntax.h"
#include "fuzz_target.h"
#include "pipeline/jwt.h"

namespace authd::fuzz {
namespace {

using namespace pipeline;

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::string_view kJti = "0123456789abcdef0123456789abcdef0123";

config::Jwt jwt_settings() {
  config::Jwt jwt;
  jwt.authority = jwt.issuer = "https://auth.example.com";
  jwt.audience = {"api"};
  jwt.claims = {{"tenant", {}, "X-Tenant", false}, {"fixed", "[1,true]", {}, false}, {"roles", {}, "X-Roles", true}};
  return jwt;
}

std::string record_of_credential() {
  plugin::GatewayCredential credential;
  credential.key = "key-1";
  credential.algorithm = "HS256";
  credential.secret = Secret("0123456789abcdef0123456789abcdef");
  Selection selection;
  selection.usable.push_back(std::move(credential));
  std::string record;
  CredentialRecord::encode(selection, WallTime(), record);
  return record;
}

class Headers {
 public:
  explicit Headers(std::string_view text) {
    while (!text.empty()) {
      std::string_view line = take_line(text);
      const std::string_view name = take_until(line, ":");
      HeaderValue& header = by_name_[std::string(name)];
      if (++header.count == 1) header.value = line;
    }
    claims_[0] = at("tenant");
    claims_[1] = at("roles");
  }
  IdentityHeaders identity() const {
    return {at("id"), at("username"), at("anonymous"), at("untrusted").count == 0, claims_};
  }
  std::span<const HeaderValue> claims() const { return claims_; }

 private:
  HeaderValue at(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? HeaderValue() : found->second;
  }
  std::map<std::string, HeaderValue> by_name_;
  HeaderValue claims_[2];
};

bool is_plain_text(std::string_view text) { return is_utf8(text) && !has_control_characters(text); }

void require_identity(const Consumer& consumer, const IdentityHeaders& headers) {
  for (const auto& [value, header] :
       {std::pair(consumer.id, headers.id), std::pair(consumer.username, headers.username)}) {
    require(header.count == 1, "an accepted header came once");
    require(!value.empty() && value.size() <= kMaxIdentityBytes, "an accepted name has 1 to 256 bytes");
    require(is_plain_text(value) && without_blanks_around(value) == value, "an accepted name is trimmed plain text");
  }
  require(headers.peer_trusted && headers.anonymous.count <= 1, "only trusted peers speak for consumers");
  const std::string_view anonymous = without_blanks_around(headers.anonymous.value);
  require(anonymous.empty() || anonymous == "0" || equals_ignoring_case(anonymous, "false") ||
              equals_ignoring_case(anonymous, "no"),
          "an accepted consumer is not anonymous");
}

Poco::JSON::Object::Ptr payload_of(std::string_view token) {
  take_until(token, ".");
  std::string json;
  require(decode_base64url(take_until(token, "."), json), "the payload is base64url");
  Poco::JSON::Parser parser;
  return parser.parse(json).extract<Poco::JSON::Object::Ptr>();
}

void require_claims(const Poco::JSON::Object& payload, std::span<const HeaderValue> claims) {
  const std::string_view tenant = without_blanks_around(claims[0].value);
  require(payload.has("tenant") != tenant.empty(), "a blank header makes no claim");
  if (!tenant.empty()) require(payload.getValue<std::string>("tenant") == tenant, "the claim is the header's text");
  std::vector<std::string> roles;
  for (std::string_view list = claims[1].value; !list.empty();)
    if (const std::string_view role = take_element(list); !role.empty()) roles.emplace_back(role);
  require(payload.has("roles") != roles.empty(), "an empty list makes no claim");
  for (std::size_t i = 0; i < roles.size(); ++i)
    require(payload.getArray("roles")->getElement<std::string>(static_cast<unsigned>(i)) == roles[i],
            "the claim lists the header's elements");
  require(roles.empty() || payload.getArray("roles")->size() == roles.size(), "and no others");
}

void require_token(const ClaimsTemplate& claims, const Consumer& consumer, const Headers& headers) {
  static const std::string kBytes = record_of_credential();
  static const CredentialRecord kRecord = *CredentialRecord::decode(kBytes);
  Consumer with_claims = consumer;
  with_claims.claims = headers.claims();
  Signer signer;
  const std::string token(signer.sign(claims, with_claims, kRecord.newest(), kJti, kNow).text);
  const auto payload = payload_of(token);
  require(payload->getValue<std::string>("sub") == consumer.username, "sub is the consumer's name");
  require(payload->getValue<std::string>("name") == consumer.username, "name is the consumer's name");
  require(payload->getValue<std::string>("unique_name") == "example.com#" + std::string(consumer.username),
          "unique_name ends in the consumer's name");
  require_claims(*payload, headers.claims());
  const auto validated = validate_token(token, kRecord, "key", kNow);
  require(validated && validated->subject == consumer.username && validated->token_id == kJti,
          "a token that was issued validates");
}

} // namespace

void consumer_headers(Bytes input) {
  static const ClaimsTemplate kClaims(jwt_settings());
  const Headers headers(as_text(input));
  const auto consumer = validate(headers.identity());
  const auto claims = kClaims.configured().check(headers.claims());
  if (!consumer) require(is_one_line(consumer.error().detail), "a refusal has a reason");
  if (!claims) require(claims.error().code == Code::malformed_request, "a bad claim is a malformed request");
  if (consumer) require_identity(*consumer, headers.identity());
  if (consumer && claims) require_token(kClaims, *consumer, headers);
}

} // namespace authd::fuzz
