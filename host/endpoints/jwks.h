// SPDX-License-Identifier: Apache-2.0
// GET /jwks.json: the public keys (RFC 7517), where [signer] is configured.
#pragma once

#include "http/router.h"
#include "modules/tokens.h"

namespace authd::endpoints {

class JwksEndpoint {
 public:
  // Must outlive the router's last dispatch.
  explicit JwksEndpoint(const modules::Tokens& tokens) : tokens_(tokens) {}

  void add_to(http::Router& router); // unless there is no signer

 private:
  void respond(http::Exchange& exchange) const;

  const modules::Tokens& tokens_;
};

} // namespace authd::endpoints
