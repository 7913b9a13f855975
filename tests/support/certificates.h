// SPDX-License-Identifier: Apache-2.0
// An authority of the test's own, and what it signs: P-256 and SHA-256, in PEM.
#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

namespace authd::test {

struct Issued {
  std::string certificate; // PEM; begins with the holder's own
  std::string key;         // PEM
};

struct Wanted {
  long serial = 1;
  long from_seconds = -3600; // validity, from now
  long to_seconds = 3600;
  std::string names = "DNS:localhost,IP:127.0.0.1"; // subjectAltName
  std::string organization = {};                    // of the subject, beside CN=holder
};

template <auto Free>
struct OpenSslDeleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslDeleter<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, OpenSslDeleter<X509_free>>;

class Authority {
 public:
  explicit Authority(const std::string& name = "authd test authority");

  std::string pem() const; // its certificate
  Issued issue(const Wanted& wanted = {}) const;
  // The same by an authority in between, whose certificate follows the holder's.
  Issued issue_through_another(const Wanted& wanted = {}) const;

 private:
  Authority(const std::string& name, const Authority* above);

  std::string name_;
  KeyPtr key_;
  CertificatePtr certificate_;
};

// The key as a file that asks for a pass phrase.
std::string with_pass_phrase(const std::string& key_pem);
// A self-signed certificate with an RSA key of so many bits, and the key.
Issued self_signed_rsa(unsigned bits);

} // namespace authd::test
