// SPDX-License-Identifier: Apache-2.0
// What most end-to-end tests begin with: a Kong, an authd that was told about it, a consumer.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <gtest/gtest.h>

#include "support/authd_process.h"
#include "support/fake_kong.h"
#include "support/http_client.h"

namespace authd::test {

inline const std::string kAliceId = "c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0";
inline const std::string kAliceSecret = "0123456789abcdef0123456789abcdef";
inline const std::string kNobodyId = "00000000-0000-4000-8000-000000000000";

inline Headers consumer_headers(std::string_view id, std::string_view username) {
  return {{"X-Consumer-ID", std::string(id)}, {"X-Consumer-Username", std::string(username)}};
}
inline const Headers kAlice = consumer_headers(kAliceId, "alice");

// Of consumers that nobody else uses: the nth.
inline std::string stranger_id(int n) {
  const std::string digits = std::to_string(n);
  return "10000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}
inline Headers stranger(int n) { return consumer_headers(stranger_id(n), "stranger"); }

inline Poco::JSON::Object::Ptr parse_object(const std::string& text) {
  return Poco::JSON::Parser().parse(text).extract<Poco::JSON::Object::Ptr>();
}

inline std::string code_of(const HttpReply& reply) {
  if (reply.header("Content-Type") != "application/problem+json") return "no problem: " + reply.body;
  return parse_object(reply.body)->getValue<std::string>("code");
}

inline std::string token_of(const HttpReply& reply) {
  return reply.status == 200 ? parse_object(reply.body)->getValue<std::string>("access_token") : std::string();
}

inline std::string bearer(const std::string& token) { return "Bearer " + token; }

// A thread whose exceptions fail the test instead of ending the process.
template <class Work>
std::thread checked_thread(Work work) {
  return std::thread([work = std::move(work)]() mutable {
    try {
      work();
    } catch (const std::exception& e) {
      ADD_FAILURE() << e.what();
    }
  });
}

// A Kong with the consumer alice, who has one HS256 credential, and an authd in front of it.
class Scene {
 public:
  using Change = std::function<void(Settings&)>;

  explicit Scene(const Change& change = {}, FakeKong::Options kong_options = {}, const Environment& environment = {})
      : kong(kong_options), authd(changed(Settings(kong.url()), change), environment) {
    kong.add_consumer("alice", kAliceId);
    kong.add_credential(kAliceId, {"alice-key", kAliceSecret});
    authd.await_ready();
    // A probe of the gateway at start must not be taken for traffic of the test.
    kong.forget_traffic();
  }

  std::uint16_t port() const { return authd.port(); }
  HttpReply tokens(const Headers& headers = kAlice) const { return get(port(), "/tokens", headers); }
  HttpReply validate(const std::string& token, Headers headers = kAlice) const {
    headers.emplace_back("Authorization", bearer(token));
    return get(port(), "/tokens/validate", headers);
  }
  // Of the breaker `gateway`, as /health says it: "closed", "open", "half-open".
  std::string breaker() const {
    const auto health = parse_object(get(port(), "/health").body);
    return health->getObject("dependencies")->getObject("kong")->getValue<std::string>("circuitBreaker");
  }
  // Strangers, the first `with_credential` of them with one.
  void add_strangers(int count, int with_credential) {
    for (int n = 0; n < count; ++n) {
      kong.add_consumer("stranger-" + std::to_string(n), stranger_id(n));
      if (n < with_credential) kong.add_credential(stranger_id(n), {"key-" + stranger_id(n), kAliceSecret});
    }
  }
  // Asks for alice's token again and again until Kong has been asked `more` lists more: her copy has
  // outlived its TTL. Every answer on the way must be a token.
  void outlive_ttl(std::size_t more = 1) const {
    const std::size_t enough = kong.traffic()[KongOperation::list] + more;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (kong.traffic()[KongOperation::list] < enough) {
      ASSERT_EQ(tokens().status, 200);
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the copy never expired";
    }
  }

  FakeKong kong;
  AuthdProcess authd;

 private:
  static Settings changed(Settings settings, const Change& change) {
    if (change) change(settings);
    return settings;
  }
};

} // namespace authd::test
