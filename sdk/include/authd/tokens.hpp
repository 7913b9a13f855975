// SPDX-License-Identifier: Apache-2.0
// authd.tokens/1 for C++; see tokens.h. A class names the kinds that it issues in its Declaration, and AUTHD_TOKENS_V1
// in its `needs`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "authd/tokens.h"
#include "authd/views.hpp"

namespace authd::sdk {

struct Claims {
  std::uint32_t kind = AUTHD_TOKEN_ACCESS;
  std::string_view subject = {};
  std::string_view client_id = {};
  std::string_view scope = {};
  std::vector<std::string_view> audience = {}; // at least one
  std::string_view algorithm = {};             // empty: the host's default
  milliseconds lifetime{0};
  std::string_view jkt = {};         // cnf.jkt
  std::string_view certificate = {}; // cnf.x5t#S256, 32 bytes
  std::string_view more = {};        // a JSON object, or empty
};

struct IssuedToken {
  std::string text;
  std::string jti;
  std::string kid;
  std::int64_t issued_at_ms = 0;
  std::int64_t expires_at_ms = 0;
};

struct Expected {
  std::uint32_t kind = AUTHD_TOKEN_ACCESS;        // 0: any
  std::vector<std::string_view> issuers = {};     // none: the instance's base_url
  std::vector<std::string_view> audiences = {};   // none: whatever
  std::vector<std::string_view> algorithms = {};  // none: any of ours
};

class Tokens {
 public:
  explicit Tokens(const Host& host) : table_(host.service<authd_tokens_v1>(AUTHD_TOKENS_V1)) {
    if (!AUTHD_HAS(table_, revoke)) throw std::runtime_error("this host has no " AUTHD_TOKENS_V1);
  }

  Result<IssuedToken> issue(Call& call, const Claims& claims) const {
    const std::vector<authd_str> audience = raw_list(claims.audience);
    authd_claims wire{};
    wire.size = sizeof wire;
    wire.kind = claims.kind;
    wire.subject = raw(claims.subject);
    wire.client_id = raw(claims.client_id);
    wire.scope = raw(claims.scope);
    wire.audience = audience.data();
    wire.audience_count = audience.size();
    wire.algorithm = raw(claims.algorithm);
    wire.lifetime_ms = claims.lifetime.count();
    wire.jkt = raw(claims.jkt);
    wire.certificate = raw_bytes(claims.certificate);
    wire.more = raw_bytes(claims.more);
    authd_token_facts facts{};
    facts.size = sizeof facts;
    Taken token;
    const auto status = static_cast<Status>(table_->issue(table_, call.abi(), &wire, &token.sink, &facts));
    if (status != Status::ok) return status;
    return IssuedToken{std::move(token.text), facts.jti, facts.kid, facts.issued_at_ms, facts.expires_at_ms};
  }

  // The claims as JSON.
  Result<std::string> verify(Call& call, std::string_view token, const Expected& expected) const {
    const std::vector<authd_str> issuers = raw_list(expected.issuers), audiences = raw_list(expected.audiences),
                                 algorithms = raw_list(expected.algorithms);
    const authd_expect wire{sizeof wire,       expected.kind,    issuers.data(),    issuers.size(),
                            audiences.data(),  audiences.size(), algorithms.data(), algorithms.size()};
    Taken claims;
    const auto status = static_cast<Status>(table_->verify(table_, call.abi(), raw(token), &wire, &claims.sink));
    if (status != Status::ok) return status;
    return std::move(claims.text);
  }

  Result<std::string> jwks(Call& call) const {
    Taken json;
    const auto status = static_cast<Status>(table_->jwks(table_, call.abi(), &json.sink));
    if (status != Status::ok) return status;
    return std::move(json.text);
  }

  Status revoke(Call& call, std::string_view jti, std::int64_t expires_at_ms) const {
    return static_cast<Status>(table_->revoke(table_, call.abi(), raw(jti), expires_at_ms));
  }

 private:
  struct Taken {
    authd_sink sink{sizeof sink, 0, this, [](const authd_sink* self, authd_bytes bytes) noexcept {
                      try {
                        static_cast<Taken*>(self->ctx)->text = view(bytes);
                        return static_cast<authd_status>(AUTHD_OK);
                      } catch (...) {
                        return static_cast<authd_status>(AUTHD_INTERNAL);
                      }
                    }};
    std::string text{};
  };
  static std::vector<authd_str> raw_list(const std::vector<std::string_view>& texts) {
    std::vector<authd_str> all;
    for (const std::string_view text : texts) all.push_back(raw(text));
    return all;
  }

  const authd_tokens_v1* table_;
};

} // namespace authd::sdk
