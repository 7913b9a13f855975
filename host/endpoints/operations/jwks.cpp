// SPDX-License-Identifier: Apache-2.0
#include "endpoints/operations/jwks.h"

namespace authd::endpoints::operations {
namespace {

using http::AnswerField;
using http::AnswerRow;
using http::Schema;

constexpr http::Tag kTag{"Keys", "What verifies the tokens that authd's own keys sign."};

constexpr Schema kKeySet{R"json({
  "type": "object",
  "description": "A JWK Set, RFC 7517.",
  "required": ["keys"],
  "properties": {
    "keys": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["kty", "kid", "alg", "use"],
        "properties": {
          "kty": {"type": "string", "enum": ["EC", "RSA", "OKP"]},
          "kid": {"type": "string", "description": "The key's thumbprint, RFC 7638."},
          "alg": {"type": "string", "enum": ["ES256", "RS256", "EdDSA"]},
          "use": {"type": "string", "const": "sig"},
          "crv": {"type": "string"},
          "x": {"type": "string"},
          "y": {"type": "string"},
          "n": {"type": "string"},
          "e": {"type": "string"}
        }
      }
    }
  }
})json",
                         "KeySet"};

constexpr http::Parameter kParameters[] = {
    {http::Parameter::In::header, "If-None-Match", "ETags of the keys that the client has."},
};

constexpr AnswerField kFields[] = {
    {"ETag", "Changes with the keys.", {}},
    {"Cache-Control", "For an hour; for an hour after an emergency rotation for a minute.", {}},
};

constexpr AnswerRow kAnswers[] = {
    {200, "The keys that verify, and those that will.", "application/jwk-set+json", kKeySet, kFields},
    {304, "The client's keys are these.", {}, {}, kFields},
    http::problem(503, "HTTP_503: the keys have not been read yet.", http::kRetryAfterField),
};

} // namespace

constinit const http::Operation kJwks{
    .path = "/jwks.json",
    .id = "getKeys",
    .tag = kTag,
    .summary = "The public keys",
    .description = "Fetch them again when a token names a kid that is not among them, at most once in 30 seconds.",
    .parameters = kParameters,
    .answers = kAnswers,
};

} // namespace authd::endpoints::operations
