// SPDX-License-Identifier: Apache-2.0
// Who may use the two listeners: TrustedPeers and KnownClients may ask for tokens, and AdminGuard keeps web pages from
// operations.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "http/exchange.h"
#include "http/router.h"
#include "http/tls.h"

namespace authd::endpoints {

// security.trusted_gateways: who may ask for tokens. Identity arrives in plain headers, so a peer that may
// connect can claim to be any consumer: only Kong should.
class TrustedPeers {
 public:
  // CIDR blocks ("10.0.0.0/8", "::1") that the configuration has validated; none: every peer is trusted.
  explicit TrustedPeers(const std::vector<std::string>& blocks);

  bool contains(const IpAddress& peer) const;

 private:
  struct Block {
    IpAddress network;
    unsigned prefix; // bits
  };
  std::vector<Block> blocks_;
};

// security.client_subjects: whose certificate may ask for tokens, of those that server.tls.client_ca has signed.
class KnownClients {
 public:
  // An entry with an "=" is a subject, as RFC 4514 writes it: it must be the whole one. Any other is an alternative
  // name; that of a host is compared without case.
  explicit KnownClients(const std::vector<std::string>& entries);

  bool contains(const http::CertificateNames& names) const;

 private:
  std::vector<std::string> subjects_;
  std::vector<std::string> alternatives_;
};

// A handler that answers the peers in security.trusted_gateways, and others with 403 AUTH_015.
http::Handler for_trusted(http::Handler handler);

// Of a Host field (RFC 3986, section 3.2.2): without port and brackets.
std::string_view host_in(std::string_view authority);

// What keeps web pages away from an admin listener that has an address: any page in a browser on this machine, or one
// that can reach it, may send requests there. A foreign Origin gives such a page away, a foreign Host a page whose own
// name was made to resolve to the listener (DNS rebinding), and a form can send a body, but not one that says it is
// JSON.
class AdminGuard {
 public:
  struct Objection {
    int status;
    std::string_view detail;
  };

  AdminGuard() = default; // of a Unix socket, which no page reaches: objects to nothing
  // `host`: that of admin.listen, as configured.
  explicit AdminGuard(std::string_view host);

  // 403 or 415; nullopt: it may pass. [thread-safe]
  std::optional<Objection> judge(const http::Request& request) const;

 private:
  bool is_own_host(std::string_view authority) const;

  std::optional<std::string> host_; // without brackets
};

} // namespace authd::endpoints
