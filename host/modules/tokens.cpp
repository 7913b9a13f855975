// SPDX-License-Identifier: Apache-2.0
// Plugins call these through noexcept pointers: nothing may be thrown from here.
#include "modules/tokens.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "authd/tokens.h"
#include "base/abi_views.h"
#include "base/base64url.h"
#include "base/frozen_sizes.h"
#include "base/json_writer.h"
#include "base/random.h"
#include "modules/further_claims.h"

namespace authd::modules {
namespace {

constexpr std::size_t kMostText = 4096, kMostMore = 16 * 1024, kMostAudiences = 32, kMostExpected = 64;
constexpr std::size_t kCertificateBytes = 32, kJtiBytes = 16, kMostJti = 64;
constexpr std::int64_t kMinuteMs = 60'000, kDayMs = 24 * 60 * kMinuteMs;

struct TokenKind {
  std::uint32_t kind;
  std::string_view name; // in a note's "issues"
  std::string_view type; // the header's typ
  std::int64_t longest_ms;
};
constexpr std::array<TokenKind, 5> kKinds = {{
    {AUTHD_TOKEN_ACCESS, "access", "at+jwt", kDayMs},
    {AUTHD_TOKEN_ID, "id", "JWT", kDayMs},
    {AUTHD_TOKEN_LOGOUT, "logout", "logout+jwt", 10 * kMinuteMs},
    {AUTHD_TOKEN_INTROSPECTION, "introspection", "token-introspection+jwt", 10 * kMinuteMs},
    {AUTHD_TOKEN_EVENT, "event", "secevent+jwt", kDayMs},
}};

const TokenKind* find_kind(std::uint32_t kind) {
  const auto at = std::find_if(kKinds.begin(), kKinds.end(), [&](const TokenKind& k) { return k.kind == kind; });
  return at == kKinds.end() ? nullptr : &*at;
}

// Why a service refuses.
struct Refused {
  CallStatus status;
  std::string why;
};

Refused invalid(std::string why) { return {CallStatus::invalid, std::move(why)}; }

std::string text_of(authd_str text, std::string_view name) {
  const std::string_view given = view(text);
  if (given.size() > kMostText) throw invalid(fmt::format("{} has more than {} bytes", name, kMostText));
  if (!is_utf8(given)) throw invalid(fmt::format("{} is not UTF-8", name));
  return std::string(given);
}

std::vector<std::string> texts_of(const authd_str* texts, std::size_t count, std::size_t most, std::string_view name) {
  if (count > most || (texts == nullptr && count > 0)) throw invalid(fmt::format("{} has more than {}", name, most));
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(text_of(texts[i], name));
  return all;
}

authd_status put(const authd_sink* sink, std::string_view bytes) {
  return AUTHD_HAS(sink, put) ? sink->put(sink, to_bytes(bytes)) : static_cast<authd_status>(AUTHD_INVALID);
}

void member_if_said(JsonWriter& json, std::string_view name, const std::string& text) {
  if (!text.empty()) json.member(name, std::string_view(text));
}

void write_audiences(JsonWriter& json, const std::vector<std::string>& audiences) {
  json.key("aud");
  if (audiences.size() == 1) {
    json.value(std::string_view(audiences.front()));
    return;
  }
  json.begin_array();
  for (const std::string& audience : audiences) json.value(std::string_view(audience));
  json.end_array();
}

void write_confirmation(JsonWriter& json, const authd_claims& claims) {
  const std::string jkt = text_of(claims.jkt, "jkt");
  const std::string_view certificate = view(claims.certificate);
  if (!certificate.empty() && certificate.size() != kCertificateBytes)
    throw invalid("certificate is no SHA-256: expected 32 bytes");
  if (jkt.empty() && certificate.empty()) return;
  json.key("cnf").begin_object();
  member_if_said(json, "jkt", jkt);
  std::string digest;
  append_base64url(digest, certificate);
  member_if_said(json, "x5t#S256", digest);
  json.end_object();
}

struct Times {
  std::int64_t issued_at_s, expires_at_s;
};

Times times_of(const authd_claims& claims, const TokenKind& kind, std::int64_t now_ms) {
  if (claims.lifetime_ms < 1000) throw invalid("lifetime_ms is less than a second");
  const std::int64_t now = now_ms / 1000;
  return {now, now + std::min(claims.lifetime_ms, kind.longest_ms) / 1000};
}

// One instance's table.
class Service {
 public:
  Service(Tokens& tokens, const plugin::ServiceUser& user)
      : table_{sizeof table_, 0, user.host, &issue, &verify, &jwks, &revoke}, tokens_(tokens), issuer_(user.base_url),
        issues_(user.declared != nullptr ? user.declared->issues : std::vector<std::string>()) {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  const authd_tokens_v1* table() const { return &table_; }

 private:
  static const Service& of(const authd_tokens_v1* table) { return *reinterpret_cast<const Service*>(table); }

  // `body` gives a status of the ABI, or throws.
  template <class Body>
  static authd_status answer(const authd_call* abi_call, Body body) noexcept try {
    Call own; // of a plugin that has none
    const Call& call = abi_call != nullptr ? *Call::from_abi(abi_call) : own;
    try {
      return body(call);
    } catch (Refused& refused) {
      call.record({refused.status, 0, milliseconds(0), std::move(refused.why)});
      return static_cast<authd_status>(refused.status);
    } catch (const std::exception& e) {
      call.record({CallStatus::internal, 0, milliseconds(0), e.what()});
      return AUTHD_INTERNAL;
    }
  } catch (...) {
    return AUTHD_INTERNAL;
  }

  std::shared_ptr<const keys::KeyRing> keys() const {
    auto keys = tokens_.keys();
    if (!keys) throw Refused{CallStatus::unavailable, "the signer has not started yet"};
    return keys;
  }

  static authd_status issue(const authd_tokens_v1* table, const authd_call* call, const authd_claims* claims,
                            const authd_sink* token, authd_token_facts* facts) noexcept {
    return answer(call, [&](const Call& c) -> authd_status {
      if (!is_whole(claims)) throw invalid("the claims are shorter than in ABI 1.3");
      return of(table).issue(c, known_part(claims), token, facts);
    });
  }

  authd_status issue(const Call& call, const authd_claims& claims, const authd_sink* out,
                     authd_token_facts* facts) const {
    const TokenKind* kind = find_kind(claims.kind);
    if (kind == nullptr) throw invalid("there is no such kind of token");
    if (std::find(issues_.begin(), issues_.end(), kind->name) == issues_.end())
      throw Refused{CallStatus::denied, fmt::format("the note does not say that it issues \"{}\"", kind->name)};
    const auto keys = this->keys();
    const std::string algorithm = text_of(claims.algorithm, "algorithm");
    if (call.first_pass() && !keys->signs_inline(algorithm)) return AUTHD_WOULD_BLOCK;
    const Times times = times_of(claims, *kind, unix_millis(tokens_.clock().wall()));
    const std::string jti = random_base64url(kJtiBytes);
    Call signing(call.deadline(), call.request_id());
    const auto token = keys->sign(signing, algorithm, kind->type, payload_of(claims, times, jti));
    if (!token) throw Refused{token.error().status, token.error().message};
    if (facts != nullptr) fill(facts, facts_of(times, jti, *token));
    return put(out, *token);
  }

  std::string payload_of(const authd_claims& claims, const Times& times, const std::string& jti) const {
    if (issuer_.empty()) throw invalid("the instance has no issuer: set base_url in its [[endpoint]]");
    const auto audiences = texts_of(claims.audience, claims.audience_count, kMostAudiences, "audience");
    if (audiences.empty()) throw invalid("a token needs an audience");
    std::string payload;
    JsonWriter json(payload);
    json.begin_object().member("iss", std::string_view(issuer_));
    member_if_said(json, "sub", text_of(claims.subject, "subject"));
    write_audiences(json, audiences);
    json.member("exp", times.expires_at_s).member("nbf", times.issued_at_s).member("iat", times.issued_at_s);
    json.member("jti", std::string_view(jti));
    member_if_said(json, "client_id", text_of(claims.client_id, "client_id"));
    member_if_said(json, "scope", text_of(claims.scope, "scope"));
    write_confirmation(json, claims);
    if (view(claims.more).size() > kMostMore) throw invalid("more has more than 16 KiB");
    auto further = further_claims(view(claims.more));
    if (!further) throw invalid("more " + further.error());
    return payload + *further + '}';
  }

  static authd_token_facts facts_of(const Times& times, const std::string& jti, std::string_view token) {
    authd_token_facts facts{};
    facts.issued_at_ms = times.issued_at_s * 1000;
    facts.expires_at_ms = times.expires_at_s * 1000;
    jti.copy(facts.jti, sizeof facts.jti - 1);
    keys::take_apart(token)->kid.copy(facts.kid, sizeof facts.kid - 1);
    return facts;
  }

  static authd_status verify(const authd_tokens_v1* table, const authd_call* call, authd_str token,
                             const authd_expect* expected, const authd_sink* claims) noexcept {
    return answer(call, [&](const Call& c) -> authd_status {
      if (!is_whole(expected)) throw invalid("what is expected is shorter than in ABI 1.3");
      return of(table).verify(c, view(token), known_part(expected), claims);
    });
  }

  authd_status verify(const Call& call, std::string_view token, const authd_expect& expected,
                      const authd_sink* out) const {
    const auto checked = keys()->verify(token, expectation_of(expected));
    if (!checked) throw Refused{checked.error().status, checked.error().message};
    if (!checked->jti.empty()) {
      auto revoked = tokens_.revoked().is_revoked(checked->jti);
      if (!revoked && call.first_pass()) return AUTHD_WOULD_BLOCK;
      if (!revoked) revoked = ask_store(call, checked->jti);
      if (*revoked) throw invalid("the token is refused: it was revoked");
    }
    return put(out, checked->json);
  }

  keys::Expectation expectation_of(const authd_expect& expected) const {
    const TokenKind* kind = find_kind(expected.kind);
    if (kind == nullptr && expected.kind != 0) throw invalid("there is no such kind of token");
    keys::Expectation all;
    if (kind != nullptr) all.type = kind->type;
    all.issuers = texts_of(expected.issuers, expected.issuer_count, kMostExpected, "issuers");
    if (all.issuers.empty() && issuer_.empty())
      throw invalid("no issuer is expected: name one, or set base_url in the instance's [[endpoint]]");
    if (all.issuers.empty()) all.issuers = {issuer_};
    all.audiences = texts_of(expected.audiences, expected.audience_count, kMostExpected, "audiences");
    all.algorithms = texts_of(expected.algorithms, expected.algorithm_count, kMostExpected, "algorithms");
    return all;
  }

  bool ask_store(const Call& call, const std::string& jti) const {
    Call asking(call.deadline(), call.request_id());
    const auto revoked = tokens_.revoked().ask_store(asking, jti);
    if (!revoked)
      throw Refused{CallStatus::unavailable, "nobody knows whether the token was revoked: " + revoked.error().message};
    return *revoked;
  }

  static authd_status jwks(const authd_tokens_v1* table, const authd_call* call, const authd_sink* json) noexcept {
    return answer(call, [&](const Call&) -> authd_status { return put(json, of(table).keys()->published().json); });
  }

  static authd_status revoke(const authd_tokens_v1* table, const authd_call* call, authd_str jti,
                             std::int64_t expires_at_ms) noexcept {
    return answer(call, [&](const Call& c) -> authd_status {
      const Service& self = of(table);
      if (self.issues_.empty()) throw Refused{CallStatus::denied, "the note does not say that it issues tokens"};
      if (view(jti).empty() || view(jti).size() > kMostJti) throw invalid("a jti has 1 to 64 bytes");
      if (c.first_pass()) return AUTHD_WOULD_BLOCK;
      Call revoking(c.deadline(), c.request_id());
      const auto revoked = self.tokens_.revoked().revoke(revoking, view(jti), expires_at_ms);
      if (!revoked) throw Refused{revoked.error().status, revoked.error().message};
      return AUTHD_OK;
    });
  }

  const authd_tokens_v1 table_; // first: a pointer to it is one to this
  Tokens& tokens_;
  const std::string issuer_;
  const std::vector<std::string> issues_;
};

} // namespace

void Tokens::use(std::shared_ptr<const keys::KeyRing> keys) {
  const std::lock_guard lock(mutex_);
  keys_ = std::move(keys);
}

std::shared_ptr<const keys::KeyRing> Tokens::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

std::shared_ptr<const void> Tokens::service_for(const plugin::ServiceUser& user) {
  if (!has_signer_) return nullptr;
  const auto made = std::make_shared<Service>(*this, user);
  return {made, made->table()};
}

} // namespace authd::modules
