// SPDX-License-Identifier: Apache-2.0
// What of a credential's secret is the HMAC key. Kong's jwt plugin takes the text as it stands, or, where it is
// configured with secret_is_base64, what the text decodes to. Records keep Kong's text, so that a reload that changes
// the setting finds no copies that were made under the other one.
#pragma once

#include <string>
#include <string_view>

#include "pipeline/credential.h"

namespace authd::pipeline {

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
