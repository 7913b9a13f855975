// SPDX-License-Identifier: Apache-2.0
// What a TLS server proves itself with, and whom it lets in. It is checked as a whole when it is made, so
// that a configuration can be refused before anything listens.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "base/result.h"

namespace authd {

// Immutable. [thread-safe]
class TlsIdentity {
 public:
  // The texts of PEM files (RFC 7468).
  struct Pem {
    std::string_view certificate; // the server's, then those that lead to its authority (RFC 8446, 4.4.2)
    std::string_view key;         // without a pass phrase
    std::optional<std::string_view> client_ca; // one or more authorities; none: clients need no certificate
  };
  enum class Part { certificate, key, client_ca };
  struct Fault {
    Part part;
    std::string what; // "is empty; ...": what is wrong and the mend, for the name of the file before it
  };

  // Every fault at once.
  static Result<std::shared_ptr<const TlsIdentity>, std::vector<Fault>> make(const Pem& pem);

  // What does not keep it from serving but should be known: the certificate has expired, or is not valid yet.
  std::optional<std::string> warning() const;
  bool asks_clients() const { return !client_authorities_.empty(); }

  // Makes the context present the certificate and, with client_ca, demand one of those authorities from the
  // client (SSL_VERIFY_FAIL_IF_NO_PEER_CERT). False when OpenSSL's security level refuses it.
  bool equip(SSL_CTX* context) const;

 private:
  template <auto Free>
  struct Deleter {
    template <class T>
    void operator()(T* p) const {
      Free(p);
    }
  };
  using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
  using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

  TlsIdentity() = default;
  void read_certificates(std::string_view pem, Part part, std::vector<Certificate>& into,
                         std::vector<Fault>& faults);
  void read_key(std::string_view pem, std::vector<Fault>& faults);
  void check_together(std::vector<Fault>& faults) const;

  std::vector<Certificate> chain_; // the server's own first
  Key key_;
  std::vector<Certificate> client_authorities_;
};

} // namespace authd
