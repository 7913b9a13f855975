// SPDX-License-Identifier: Apache-2.0
// A consumer's signing credentials: the choice among what the gateway lists, and the record in which they
// stand in a cache tier.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "pipeline/hmac.h"
#include "plugin/gateway.h"

namespace authd::pipeline {

inline constexpr std::size_t kMaxCredentials = 16;

struct Selection {
  std::vector<plugin::GatewayCredential> usable; // newest first, at most kMaxCredentials
  std::size_t listed = 0;                        // how many there are, of whatever kind
  bool all_asymmetric = false;                   // there are credentials, all of algorithms that need no secret

  bool none_can_sign() const { return listed > 0 && usable.empty(); }
};

// Those with an HMAC algorithm, a key and a secret. Kong orders its list by id, so age decides:
// `created_at` (whole seconds), a tie goes to the greater id, so that every instance picks the same.
Selection select_credentials(std::vector<plugin::GatewayCredential> listed);

// Views into a record.
struct CredentialView {
  std::string_view key;
  std::string_view secret;
  Algorithm algorithm = Algorithm::hs256;
};

// A decoded record, without copies. The newest credential, which signs, is the first.
class CredentialRecord {
 public:
  // nullopt: not a record of this version, cut short, or with bytes left over.
  static std::optional<CredentialRecord> decode(std::string_view bytes);
  // Appends the record of the selection's usable credentials, of which there is at least one.
  static void encode(const Selection& selection, WallTime fetched_at, std::string& out);

  const CredentialView& newest() const { return newest_; }
  // The credential with that key; a token signed before a rotation names an older one.
  std::optional<CredentialView> find(std::string_view key) const;
  std::int64_t fetched_at_ms() const { return fetched_at_ms_; } // since the epoch

 private:
  CredentialView newest_;
  std::string_view entries_; // all of them, encoded
  std::int64_t fetched_at_ms_ = 0;
};

// Which part of a credential's secret is the HMAC key. Kong's jwt plugin takes the text as it is, or, where it is
// configured with secret_is_base64, what the text decodes to. Records keep Kong's text, so that a reload that changes
// the setting finds no copies that were made under the other one.
// As Kong's jwt plugin decodes (base64_decode in kong/plugins/jwt/jwt_parser.lua, over nginx's decoder): either
// alphabet, padding that is missing or too long, bits left over. False: Kong would refuse each token of such a secret,
// or the key is empty; `out` is undefined. Allocates nothing once `out` has grown.
bool decode_secret(std::string_view text, std::string& out);

// The decoded secret of one credential at a time; wiped by clear() and at the end.
class DecodedSecret {
 public:
  DecodedSecret() = default;
  ~DecodedSecret() { clear(); }
  DecodedSecret(const DecodedSecret&) = delete;
  DecodedSecret& operator=(const DecodedSecret&) = delete;

  // The credential's secret is then a view into this. False: it does not decode.
  bool replace_in(CredentialView& credential);
  void clear();

 private:
  std::string bytes_; // keeps its capacity: a warm token allocates nothing
};

} // namespace authd::pipeline
