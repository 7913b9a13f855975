// SPDX-License-Identifier: Apache-2.0
#include "base/tls_identity.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace authd {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

Bio reading(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// Replaces OpenSSL's callback, which would ask at the terminal and block the start.
int no_pass_phrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c) != 0; });
}

std::string last_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : "unknown reason";
}

bool at_end_of_pem() { return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE; }

std::string as_text(const ASN1_TIME* time) {
  const Bio bio(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(bio.get(), time);
  const char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<std::size_t>(std::max(size, 0L)));
}

} // namespace

Result<std::shared_ptr<const TlsIdentity>, std::vector<TlsIdentity::Fault>>
TlsIdentity::make(const Pem& pem, std::string_view certificate_name) {
  std::vector<Fault> faults;
  const std::shared_ptr<TlsIdentity> identity(new TlsIdentity);
  if (pem.certificate) identity->read_certificates(*pem.certificate, Part::certificate, identity->chain_, faults);
  if (pem.key) identity->read_key(*pem.key, faults);
  if (pem.authorities) identity->read_certificates(*pem.authorities, Part::authorities, identity->authorities_, faults);
  if (faults.empty() && pem.certificate && pem.key) identity->check_together(certificate_name, faults);
  ERR_clear_error(); // later calls on this thread must not see these errors
  if (!faults.empty()) return tl::unexpected(std::move(faults));
  return identity;
}

void TlsIdentity::read_certificates(std::string_view pem, Part part, std::vector<Certificate>& into,
                                    std::vector<Fault>& faults) {
  if (is_blank(pem)) return faults.push_back({part, "is empty; expected a certificate in PEM"});
  const Bio bio = reading(pem);
  bool asked = false;
  ERR_clear_error();
  while (X509* read = PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, &asked)) into.emplace_back(read);
  if (!at_end_of_pem()) {
    return faults.push_back({part, fmt::format("certificate {} in it cannot be read ({}); is the file complete?",
                                               into.size() + 1, last_reason())});
  }
  if (into.empty()) {
    faults.push_back({part, "holds no certificate in PEM; it must begin with -----BEGIN CERTIFICATE----- "
                            "(`openssl x509 -inform der -in OLD -out NEW` converts one in DER)"});
  }
}

void TlsIdentity::read_key(std::string_view pem, std::vector<Fault>& faults) {
  if (is_blank(pem)) return faults.push_back({Part::key, "is empty; expected a private key in PEM"});
  const Bio bio = reading(pem);
  bool asked = false;
  key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, &asked));
  if (key_ != nullptr) return;
  if (asked) {
    return faults.push_back({Part::key, "is protected by a pass phrase, which authd cannot ask for; "
                                        "`openssl pkey -in OLD -out NEW` removes it"});
  }
  faults.push_back({Part::key, "holds no private key in PEM; it must begin with -----BEGIN PRIVATE KEY-----"});
}

void TlsIdentity::check_together(std::string_view certificate_name, std::vector<Fault>& faults) const {
  if (X509_check_private_key(chain_.front().get(), key_.get()) != 1) {
    return faults.push_back({Part::key, fmt::format("is not the key of {}; use a matching pair (the certificate of "
                                                    "the key must come first in its file)",
                                                    certificate_name)});
  }
  const std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>> context(SSL_CTX_new(TLS_method()));
  if (context != nullptr && use_certificate(context.get())) return;
  faults.push_back({Part::certificate, fmt::format("OpenSSL refuses it ({}); issue a new one, RSA of at least 2048 "
                                                   "bits or P-256, signed with SHA-256",
                                                   last_reason())});
}

std::optional<std::string> TlsIdentity::warning() const {
  if (chain_.empty()) return std::nullopt;
  const X509* own = chain_.front().get();
  if (X509_cmp_current_time(X509_get0_notAfter(own)) < 0)
    return fmt::format("expired on {}; peers will reject it; renew it", as_text(X509_get0_notAfter(own)));
  if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0)
    return fmt::format("is not valid before {}; is this machine's clock right?", as_text(X509_get0_notBefore(own)));
  return std::nullopt;
}

bool TlsIdentity::use_certificate(SSL_CTX* context) const {
  if (SSL_CTX_use_certificate(context, chain_.front().get()) != 1) return false;
  for (std::size_t i = 1; i < chain_.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain_[i].get()) != 1) return false;
  }
  return SSL_CTX_use_PrivateKey(context, key_.get()) == 1;
}

bool TlsIdentity::trust_authorities(SSL_CTX* context) const {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  return std::all_of(authorities_.begin(), authorities_.end(), [store](const Certificate& authority) {
    return X509_STORE_add_cert(store, authority.get()) == 1;
  });
}

bool TlsIdentity::equip_server(SSL_CTX* context) const {
  if (!use_certificate(context) || !trust_authorities(context)) return false;
  if (!has_authorities()) return true;
  for (const Certificate& authority : authorities_) {
    // Tells the client which of its certificates to choose (RFC 8446, 4.2.4).
    if (SSL_CTX_add_client_CA(context, authority.get()) != 1) return false;
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return true;
}

bool TlsIdentity::equip_client(SSL_CTX* context) const {
  return (chain_.empty() || use_certificate(context)) && trust_authorities(context);
}

bool TlsIdentity::operator==(const TlsIdentity& other) const {
  const auto same = [](const Certificate& a, const Certificate& b) { return X509_cmp(a.get(), b.get()) == 0; };
  const auto all_same = [&](const std::vector<Certificate>& a, const std::vector<Certificate>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
  };
  const bool same_key =
      key_ == nullptr || other.key_ == nullptr ? key_ == other.key_ : EVP_PKEY_eq(key_.get(), other.key_.get()) == 1;
  return same_key && all_same(chain_, other.chain_) && all_same(authorities_, other.authorities_);
}

} // namespace authd
