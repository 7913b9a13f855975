// SPDX-License-Identifier: Apache-2.0
// TLS as an adapter sees it: authorities from SSL_CERT_FILE, which OpenSSL takes instead of the system's.
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "base/tls_identity.h"
#include "calls.h"
#include "support/certificates.h"
#include "support/connection_server.h"
#include "support/localhost.h"

namespace authd::test {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Deleter<SSL_free>>;

Certificate self_signed(EVP_PKEY* key, const char* alternative_name) {
  Certificate certificate(X509_new());
  X509* x = certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, key);
  const auto* name = reinterpret_cast<const unsigned char*>("authd test");
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, name, -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(x));
  X509_EXTENSION* san = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative_name);
  X509_add_ext(x, san, -1);
  X509_EXTENSION_free(san);
  X509_sign(x, key, EVP_sha256());
  return certificate;
}

// Answers one request per TLS connection and notes the server name that the client asked for.
class TlsServer {
 public:
  explicit TlsServer(const char* alternative_name)
      : key_(EVP_EC_gen("P-256")), certificate_(self_signed(key_.get(), alternative_name)),
        context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context_.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context_.get(), key_.get());
    server_ = std::make_unique<ConnectionServer>([this](Peer& peer) { serve(peer); });
  }

  void trust_in(const std::string& path) const {
    std::FILE* file = std::fopen(path.c_str(), "w");
    ASSERT_NE(file, nullptr);
    PEM_write_X509(file, certificate_.get());
    std::fclose(file);
  }
  std::string url(const std::string& host) const {
    return "https://" + host + ":" + std::to_string(server_->port()) + "/x";
  }
  int requests() const { return requests_; }
  std::string server_name() const {
    const std::lock_guard lock(mutex_);
    return server_name_;
  }

 private:
  void serve(Peer& peer) {
    const Session ssl(SSL_new(context_.get()));
    SSL_set_fd(ssl.get(), peer.fd());
    if (SSL_accept(ssl.get()) != 1) return;
    if (const char* name = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name)) {
      const std::lock_guard lock(mutex_);
      server_name_ = name;
    }
    std::array<char, 4096> request;
    while (SSL_read(ssl.get(), request.data(), static_cast<int>(request.size())) > 0) {
      ++requests_;
      const std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
      SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
    }
  }

  Key key_;
  Certificate certificate_;
  Context context_;
  std::atomic<int> requests_{0};
  mutable std::mutex mutex_;
  std::string server_name_;
  std::unique_ptr<ConnectionServer> server_;
};

class Https : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    std::array<char, 32> name{"/tmp/authd-test-ca-XXXXXX"};
    const int fd = ::mkstemp(name.data());
    ASSERT_GE(fd, 0);
    ::close(fd);
    authorities_ = name.data();
    ::setenv("SSL_CERT_FILE", authorities_.c_str(), 1);
  }
  void TearDown() override {
    ::unlink(authorities_.c_str());
    ::unsetenv("SSL_CERT_FILE");
  }

  std::string authorities_;
};

TEST_F(Https, TalksToAServerWhoseCertificateIsTrustedForThatName) {
  AUTHD_SKIP_WITHOUT_LOCALHOST();
  const TlsServer server("DNS:localhost");
  server.trust_in(authorities_);
  Caller call;
  EXPECT_EQ(call({server.url("localhost")}).body, "secret");
  EXPECT_EQ(call({server.url("localhost")}).body, "secret");
  EXPECT_EQ(server.requests(), 2);
  EXPECT_EQ(server.server_name(), "localhost");
}

TEST_F(Https, TalksToAnAddressThatTheCertificateNames) {
  const TlsServer server("IP:127.0.0.1");
  server.trust_in(authorities_);
  EXPECT_EQ(Caller()({server.url("127.0.0.1")}).body, "secret");
  EXPECT_EQ(server.server_name(), "");
}

TEST_F(Https, RefusesACertificateOfAnotherName) {
  AUTHD_SKIP_WITHOUT_LOCALHOST();
  const TlsServer server("DNS:elsewhere.example");
  server.trust_in(authorities_);
  const Outcome out = Caller()({server.url("localhost")});
  EXPECT_EQ(out.status, AUTHD_UNAVAILABLE);
  EXPECT_NE(out.message.find("certificate"), std::string::npos) << out.message;
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(Https, RefusesACertificateOfAnotherAddress) {
  const TlsServer server("IP:127.0.0.2");
  server.trust_in(authorities_);
  EXPECT_EQ(Caller()({server.url("127.0.0.1")}).status, AUTHD_UNAVAILABLE);
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(Https, RefusesACertificateThatNobodyVouchesFor) {
  const TlsServer server("IP:127.0.0.1");
  const Outcome out = Caller()({server.url("127.0.0.1")});
  EXPECT_EQ(out.status, AUTHD_UNAVAILABLE);
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(Https, ReadsTheAuthoritiesAgainWhenItIsToldThatTheyMayHaveChanged) {
  const TlsServer server("IP:127.0.0.1");
  Caller call;
  EXPECT_EQ(call({server.url("127.0.0.1")}).status, AUTHD_UNAVAILABLE);
  server.trust_in(authorities_);
  call.service().forget_authorities();
  EXPECT_EQ(call({server.url("127.0.0.1")}).body, "secret");
}

// --- with an identity of the instance's own ------------------------------------------------------------------

std::shared_ptr<const TlsIdentity> identity_of(const TlsIdentity::Pem& pem) {
  return TlsIdentity::make(pem, "gateway.client_certificate").value();
}

// Answers with the serial number of the certificate that the client showed; clients of `authority` alone are let in.
class MutualServer {
 public:
  explicit MutualServer(const Authority& authority) : context_(SSL_CTX_new(TLS_server_method())) {
    const Issued own = authority.issue();
    const std::string clients = authority.pem();
    EXPECT_TRUE(identity_of({own.certificate, own.key, clients})->equip_server(context_.get()));
    server_ = std::make_unique<ConnectionServer>([this](Peer& peer) {
      if (!peer.secure(context_.get())) return;
      while (peer.read_request()) {
        const std::string serial = std::to_string(peer.client_serial());
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(serial.size()) + "\r\n\r\n" + serial);
      }
    });
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(server_->port()) + "/x"; }

 private:
  Context context_;
  std::unique_ptr<ConnectionServer> server_;
};

TEST_F(Https, ShowsItsCertificateAndBelievesItsAuthoritiesAlone) {
  const Authority authority;
  const MutualServer server(authority);
  Wanted wanted;
  wanted.serial = 77;
  const Issued own = authority.issue(wanted);
  const std::string ca = authority.pem();
  EXPECT_EQ(Caller(identity_of({own.certificate, own.key, ca}))({server.url()}).body, "77");
  const Outcome without = Caller(identity_of({std::nullopt, std::nullopt, ca}))({server.url()});
  EXPECT_EQ(without.status, AUTHD_UNAVAILABLE);
  EXPECT_NE(without.message.find("certificate required"), std::string::npos) << without.message;
  // The system's authorities know this server; those of the instance do not.
  std::ofstream(authorities_) << ca;
  const std::string another = Authority("another").pem();
  EXPECT_EQ(Caller(identity_of({own.certificate, own.key, another}))({server.url()}).status, AUTHD_UNAVAILABLE);
}

TEST_F(Https, ShowsItsCertificateAlsoWhereTheSystemsAuthoritiesAreBelievedAndReadAgain) {
  const Authority authority;
  const MutualServer server(authority);
  const Issued own = authority.issue();
  Caller call(identity_of({own.certificate, own.key, std::nullopt}));
  EXPECT_EQ(call({server.url()}).status, AUTHD_UNAVAILABLE);
  std::ofstream(authorities_) << authority.pem();
  call.service().forget_authorities();
  EXPECT_EQ(call({server.url()}).body, "1");
}

TEST_F(Https, HoldsTheDeadlineDuringTheHandshake) {
  ConnectionServer silent([](Peer& peer) { peer.hang(); });
  Ask ask{"https://127.0.0.1:" + std::to_string(silent.port()) + "/"};
  ask.within = milliseconds(150);
  EXPECT_EQ(Caller()(ask).status, AUTHD_TIMEOUT);
}

TEST_F(Https, TakesAServerThatSpeaksNoTlsForUnavailable) {
  ConnectionServer plain([](Peer& peer) {
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.hang();
  });
  EXPECT_EQ(Caller()({"https://127.0.0.1:" + std::to_string(plain.port()) + "/"}).status, AUTHD_UNAVAILABLE);
}

} // namespace
} // namespace authd::test
