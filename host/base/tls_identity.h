// SPDX-License-Identifier: Apache-2.0
// The certificate and key of one end of TLS, and the authorities that it trusts. Validated as a whole when it is made,
// so that a configuration can be refused before anything listens or connects.
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
  // The contents of PEM files (RFC 7468).
  struct Pem {
    // Its own, then the intermediate ones (RFC 8446, 4.4.2). A client may have none.
    std::optional<std::string_view> certificate;
    std::optional<std::string_view> key; // of the certificate, without a pass phrase
    // One or more authorities whose certificates the peer may present. None: a server requests no client certificate, a
    // client trusts those of the system.
    std::optional<std::string_view> authorities;
  };
  enum class Part { certificate, key, authorities };
  struct Fault {
    Part part;
    std::string what; // "is empty; ...": the fault and the remedy, to follow the name of the file
  };

  // Reports every fault at once. A certificate without its key, or a key alone, is validated by itself and cannot be
  // used. `certificate_name`: what a message calls the certificate ("server.tls.certificate").
  static Result<std::shared_ptr<const TlsIdentity>, std::vector<Fault>> make(const Pem& pem,
                                                                             std::string_view certificate_name);

  // Not a fault, but worth a warning: the certificate has expired or is not valid yet.
  std::optional<std::string> warning() const;
  bool has_authorities() const { return !authorities_.empty(); }

  // Makes a server's context present the certificate and, with authorities, require a client certificate of one of them
  // (SSL_VERIFY_FAIL_IF_NO_PEER_CERT). False if OpenSSL's security level refuses it.
  bool equip_server(SSL_CTX* context) const;
  // Makes a client's context present the certificate, if any, and trust the authorities in addition to those that it
  // already trusts. False as above.
  bool equip_client(SSL_CTX* context) const;

  // The same certificates and key, whatever files they came from.
  bool operator==(const TlsIdentity& other) const;

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
  void read_certificates(std::string_view pem, Part part, std::vector<Certificate>& into, std::vector<Fault>& faults);
  void read_key(std::string_view pem, std::vector<Fault>& faults);
  void check_together(std::string_view certificate_name, std::vector<Fault>& faults) const;
  bool use_certificate(SSL_CTX* context) const;
  bool trust_authorities(SSL_CTX* context) const;

  std::vector<Certificate> chain_; // its own first
  Key key_;                        // null when the chain is empty
  std::vector<Certificate> authorities_;
};

} // namespace authd
