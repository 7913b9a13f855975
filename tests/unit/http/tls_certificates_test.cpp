// SPDX-License-Identifier: Apache-2.0
// Whose certificate a client sees, whose clients are let in, and what a reload changes of it.
#include <gtest/gtest.h>

#include "tls_fixture.h"

namespace authd::http {
namespace {

using test::Authority;
using test::Issued;
using test::TlsConnection;
using test::TlsEnding;
using test::TlsOptions;
using test::Wanted;

Wanted numbered(long serial) {
  Wanted wanted;
  wanted.serial = serial;
  return wanted;
}

// What becomes of a client that shows this: its answer's body, or why there is none. In TLS 1.3 the client's
// part of the handshake is over before the server has seen its certificate.
std::string attempt(std::uint16_t port, const Issued& own, int newest = 0) {
  try {
    TlsOptions options;
    options.own = own;
    options.newest = newest;
    TlsConnection client(port, options);
    client.send(get("/hello"));
    const auto answer = client.read();
    return answer ? answer->body : client.failure();
  } catch (const test::TlsRefused& refused) {
    return refused.what();
  }
}

class Certificates : public testing::Test {
 protected:
  ServerOptions asking_for(const Authority& clients) const {
    ServerOptions options;
    options.tls = context_of(authority_.issue(), clients.pem());
    return options;
  }

  const Authority authority_;
};

TEST_F(Certificates, AreSentWithThoseThatLeadToTheAuthority) {
  TestServer server(over_tls(authority_.issue_through_another()));
  TlsOptions options;
  options.authority = authority_.pem();
  TlsConnection client(server.server().port(), options);
  EXPECT_EQ(client.chain(), 2U);
  EXPECT_EQ(client.exchange(get("/hello")).body, "hello");
}

TEST_F(Certificates, OfClientsAreDemandedAndVerified) {
  const Authority clients("clients");
  TestServer server(asking_for(clients));
  const std::uint16_t port = server.server().port();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_EQ(attempt(port, clients.issue(), version), "hello");
    const std::string without = attempt(port, {}, version);
    EXPECT_NE(without.find("alert"), std::string::npos) << without;
    const std::string strangers = attempt(port, Authority("strangers").issue(), version);
    EXPECT_NE(strangers.find("unknown ca"), std::string::npos) << strangers;
    Wanted past;
    past.from_seconds = -7200;
    past.to_seconds = -3600;
    const std::string expired = attempt(port, clients.issue(past), version);
    EXPECT_NE(expired.find("expired"), std::string::npos) << expired;
  }
  EXPECT_EQ(server.observed().entries().size(), 2U) << "nobody else asked anything";
}

TEST_F(Certificates, OfTheNextOptionsAreSeenByNewConnectionsOnly) {
  TestServer server(over_tls(authority_.issue(numbered(1))));
  const std::uint16_t port = server.server().port();
  TlsConnection old(port);
  EXPECT_EQ(old.serial(), 1);
  old.exchange(get("/hello"));
  server.replace(over_tls(authority_.issue(numbered(2))));
  while (TlsConnection(port).serial() != 2) {
  }
  EXPECT_EQ(old.exchange(get("/hello")).body, "hello");
  EXPECT_EQ(old.serial(), 1);
}

// Else who was let in by an authority that is trusted no more would come back with his ticket.
TEST_F(Certificates, AreAskedForAnewAfterAReload) {
  const Authority before("clients before");
  const Authority after("clients after");
  TestServer server(asking_for(before));
  const std::uint16_t port = server.server().port();
  TlsOptions options;
  options.own = before.issue();
  TlsConnection first(port, options);
  first.exchange(get("/hello"));
  const std::unique_ptr<SSL_SESSION, test::OpenSslDeleter<SSL_SESSION_free>> ticket(SSL_get1_session(first.ssl()));

  options.session = ticket.get();
  TlsConnection again(port, options);
  EXPECT_TRUE(again.resumed());
  EXPECT_EQ(again.exchange(get("/hello")).body, "hello");

  server.replace(asking_for(after));
  while (attempt(port, after.issue()) != "hello") {
  }
  try {
    TlsConnection stale(port, options);
    EXPECT_FALSE(stale.resumed());
    stale.send(get("/hello"));
    EXPECT_FALSE(stale.read());
  } catch (const test::TlsRefused&) {
  }
}

TEST_F(Certificates, MayComeAndGoWithAReload) {
  TestServer server;
  const std::uint16_t port = server.server().port();
  RawClient plain = server.connect();
  EXPECT_EQ(plain.exchange(get("/hello")).body, "hello");
  server.replace(over_tls(authority_.issue()));
  while (attempt(port, {}) != "hello") {
  }
  EXPECT_EQ(plain.exchange(get("/hello")).body, "hello");
  TlsConnection secure(port);
  server.replace({});
  bool plain_again = false;
  while (!plain_again) {
    try {
      plain_again = server.connect().exchange(get("/hello")).status == 200;
    } catch (const std::runtime_error&) { // the reactor still has the options before
    }
  }
  EXPECT_EQ(secure.exchange(get("/hello")).body, "hello");
}

} // namespace
} // namespace authd::http
