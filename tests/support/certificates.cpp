// SPDX-License-Identifier: Apache-2.0
#include "support/certificates.h"

#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

namespace authd::test {
namespace {

using BioPtr = std::unique_ptr<BIO, OpenSslDeleter<BIO_free>>;

template <class Write>
std::string written(const Write& write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (write(bio.get()) != 1) throw std::runtime_error("PEM cannot be written");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  return written([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string pem_of(EVP_PKEY* key) {
  return written([&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

void extend(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Not yet signed.
CertificatePtr draft(EVP_PKEY* key, const std::string& subject, const Wanted& wanted) {
  CertificatePtr certificate(X509_new());
  X509* x = certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), wanted.serial);
  X509_gmtime_adj(X509_getm_notBefore(x), wanted.from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(x), wanted.to_seconds);
  X509_set_pubkey(x, key);
  if (!wanted.organization.empty()) {
    const auto* organization = reinterpret_cast<const unsigned char*>(wanted.organization.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "O", MBSTRING_UTF8, organization, -1, -1, 0);
  }
  const auto* name = reinterpret_cast<const unsigned char*>(subject.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, name, -1, -1, 0);
  return certificate;
}

void sign(X509* certificate, const X509_NAME* issuer, EVP_PKEY* key) {
  X509_set_issuer_name(certificate, issuer);
  if (X509_sign(certificate, key, EVP_sha256()) == 0) throw std::runtime_error("a certificate cannot be signed");
}

} // namespace

Authority::Authority(const std::string& name) : Authority(name, nullptr) {}

Authority::Authority(const std::string& name, const Authority* above)
    : name_(name), key_(EVP_EC_gen("P-256")), certificate_(draft(key_.get(), name, {})) {
  extend(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  const Authority& signer = above != nullptr ? *above : *this;
  sign(certificate_.get(), X509_get_subject_name(signer.certificate_.get()), signer.key_.get());
}

std::string Authority::pem() const { return pem_of(certificate_.get()); }

Issued Authority::issue(const Wanted& wanted) const {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate = draft(key.get(), "holder", wanted);
  extend(certificate.get(), NID_subject_alt_name, wanted.names);
  sign(certificate.get(), X509_get_subject_name(certificate_.get()), key_.get());
  return {pem_of(certificate.get()), pem_of(key.get())};
}

Issued Authority::issue_through_another(const Wanted& wanted) const {
  const Authority between(name_ + " in between", this);
  Issued issued = between.issue(wanted);
  issued.certificate += between.pem();
  return issued;
}

std::string with_pass_phrase(const std::string& key_pem) {
  const BioPtr bio(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  const auto* phrase = reinterpret_cast<const unsigned char*>("open sesame");
  return written([&](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key.get(), EVP_aes_128_cbc(), phrase, 11, nullptr, nullptr);
  });
}

Issued self_signed_rsa(unsigned bits) {
  const KeyPtr key(EVP_RSA_gen(bits));
  const CertificatePtr certificate = draft(key.get(), "short", {});
  sign(certificate.get(), X509_get_subject_name(certificate.get()), key.get());
  return {pem_of(certificate.get()), pem_of(key.get())};
}

} // namespace authd::test
