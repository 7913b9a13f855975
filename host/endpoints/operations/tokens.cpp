// SPDX-License-Identifier: Apache-2.0
#include "endpoints/operations/tokens.h"

namespace authd::endpoints::operations {
namespace {

using http::AnswerField;
using http::AnswerRow;
using http::Parameter;
using http::problem;
using http::Schema;
using http::SecurityScheme;

constexpr http::Tag kTag{"Tokens", "For clients that Kong has authenticated."};
constexpr Schema kIdentity{R"({"type":"string","minLength":1,"maxLength":256})"};

constexpr Parameter kConsumer[] = {
    {Parameter::In::header, "X-Consumer-ID", "The consumer's id in Kong; at most 256 bytes of UTF-8.", true, kIdentity},
    {Parameter::In::header, "X-Consumer-Username", "The consumer's username in Kong; at most 256 bytes of UTF-8.", true,
     kIdentity},
    {Parameter::In::header, "X-Anonymous-Consumer",
     "Set by Kong for a consumer that did not authenticate. Anything but empty, `false`, `0` or `no` is refused."},
    {Parameter::In::header,
     "X-Request-Id",
     "Returned with the answer, and logged; else authd makes one.",
     false,
     {R"({"type":"string","pattern":"^[!-~]{1,128}$"})"}},
};

constexpr SecurityScheme kConsumerId{"consumerId",
                                     R"json({"type":"apiKey","in":"header","name":"X-Consumer-ID",
"description":"Who Kong authenticated. Kong sets this header and replaces what a client sends, so a client passes what Kong asks for instead, an API key for example. authd accepts it from `security.trusted_gateways` only."})json"};
constexpr SecurityScheme kConsumerUsername{"consumerUsername",
                                           R"json({"type":"apiKey","in":"header","name":"X-Consumer-Username",
"description":"The same consumer's username, from Kong as well."})json"};
constexpr SecurityScheme kBearer{
    "bearerToken",
    R"json({"type":"http","scheme":"bearer","bearerFormat":"JWT","description":"The token to validate."})json"};

constexpr SecurityScheme kGatewaySecurity[] = {kConsumerId, kConsumerUsername};
constexpr SecurityScheme kBearerSecurity[] = {kConsumerId, kConsumerUsername, kBearer};

constexpr AnswerField kNeverStored[] = {
    {"Cache-Control",
     "The answer must not be stored.",
     {R"({"type":"string","const":"no-store, no-cache, must-revalidate"})"}},
    {"Pragma", "The same for HTTP/1.0.", {R"({"type":"string","const":"no-cache"})"}},
};

// Only with a rate limit; the older three by rate_limit.legacy_headers.
constexpr AnswerField kRateLimit[] = {
    {"RateLimit-Policy",
     "With a rate limit: how many tokens (q) within how many seconds (w).",
     {R"({"type":"string"})"},
     true},
    {"RateLimit",
     "With a rate limit: how many tokens are left (r), and in how many seconds there is one more (t).",
     {R"({"type":"string"})"},
     true},
    {"X-RateLimit-Limit", "As q, if `rate_limit.legacy_headers` is on.", {R"({"type":"integer"})"}, true},
    {"X-RateLimit-Remaining", "As r.", {R"({"type":"integer"})"}, true},
    {"X-RateLimit-Reset", "When all are left again: seconds since 1970.", {R"({"type":"integer"})"}, true},
};
constexpr auto kIssuedFields = http::join(kNeverStored, kRateLimit);
constexpr auto kTooManyFields = http::join(http::kRetryAfterField, kRateLimit);

constexpr Schema kToken{R"json({
  "type": "object",
  "required": ["access_token", "expires_in"],
  "properties": {
    "access_token": {"type": "string", "description": "A JWT (RFC 7519), signed with the consumer's own credential."},
    "expires_in": {"type": "integer", "minimum": 0, "description": "For how many seconds from now it is valid."}
  },
  "examples": [{"access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl", "expires_in": 900}]
})json",
                        "Token"};

constexpr Schema kValidation{R"json({
  "type": "object",
  "required": ["valid", "tokenId", "subject", "issuer", "audience", "issuedAt", "expiresAt", "expiresIn"],
  "properties": {
    "valid": {"type": "boolean", "const": true},
    "tokenId": {"type": "string", "description": "The claim `jti`."},
    "subject": {"type": "string", "description": "The claim `sub`: the consumer's username."},
    "issuer": {"type": "string", "description": "The claim `iss`."},
    "audience": {
      "description": "The claim `aud`: a list when there are several.",
      "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    },
    "issuedAt": {"type": ["string", "null"], "format": "date-time", "description": "The claim `iat`; null: it has none."},
    "expiresAt": {"type": "string", "format": "date-time", "description": "The claim `exp`."},
    "expiresIn": {"type": "integer", "description": "Seconds from now until then."}
  }
})json",
                             "Validation"};

// What both answer before they have the consumer's credential.
constexpr AnswerRow kLookupRefusals[] = {
    problem(400,
            "AUTH_007: a consumer header is longer than 256 bytes, or one that a claim is read from longer than 4 KiB; "
            "has control characters or invalid UTF-8; or was sent more than once."),
    problem(401, "AUTH_001: X-Consumer-ID or X-Consumer-Username is missing or blank."),
    problem(401, "AUTH_002: Kong knows no such consumer."),
    problem(401, "AUTH_009: the consumer is anonymous."),
    problem(403, "AUTH_015: the peer is not a trusted gateway."),
    problem(404, "AUTH_013: the consumer has no credential and none can be created."),
    problem(503, "AUTH_004: the gateway fails or is too slow, and there is no copy.", http::kRetryAfterField),
    problem(503, "AUTH_005: the breaker is open, and there is no copy.", http::kRetryAfterField),
    problem(503, "AUTH_014: authd is overloaded.", http::kRetryAfterField),
};

constexpr AnswerRow kIssueOwnAnswers[] = {
    {200, "A token for this consumer.", "application/json", kToken, kIssuedFields},
    problem(429, "AUTH_006: the consumer asks for more tokens than `rate_limit` allows.", kTooManyFields),
    problem(500, "AUTH_003: the token could not be signed."),
};
constexpr auto kIssueAnswers = http::join(kIssueOwnAnswers, kLookupRefusals);

constexpr AnswerRow kValidateOwnAnswers[] = {
    {200, "The token is valid, and this consumer's.", "application/json", kValidation, kNeverStored},
    problem(400, "AUTH_011: the token is invalid, or another consumer's."),
    problem(400, "AUTH_012: there is no bearer token."),
    problem(401, "AUTH_010: the token has expired."),
};
constexpr auto kValidateAnswers = http::join(kValidateOwnAnswers, kLookupRefusals);

} // namespace

constinit const http::Operation kIssueToken{
    .path = "/tokens",
    .id = "issueToken",
    .tag = kTag,
    .summary = "Issue a token for the consumer that Kong authenticated",
    .description =
        "The token is signed with the newest HMAC credential of the consumer. A consumer without one gets one, "
        "unless `gateway.auto_provision` is off. Copies of credentials are kept in the cache tiers; while "
        "Kong is down, stale copies sign too.",
    .parameters = kConsumer,
    .security = kGatewaySecurity,
    .answers = kIssueAnswers,
};

constinit const http::Operation kValidateToken{
    .path = "/tokens/validate",
    .id = "validateToken",
    .tag = kTag,
    .summary = "Validate a token that was issued to this consumer",
    .description = "Checks signature, algorithm and times as Kong's jwt plugin does, without leeway.",
    .parameters = kConsumer,
    .security = kBearerSecurity,
    .answers = kValidateAnswers,
};

} // namespace authd::endpoints::operations
