// SPDX-License-Identifier: Apache-2.0
// A module that issues, verifies and revokes tokens, and says on which pass it did.
#include <string>

#include <authd/endpoint.hpp>
#include <authd/plugin.hpp>
#include <authd/tokens.hpp>

namespace {

using namespace authd::sdk;

constexpr char kIssue[] = R"json({"summary": "Issues a token by the algorithm that is the path's",
  "responses": {"200": {"description": "the token"}}})json";
constexpr char kVerify[] =
    R"json({"summary": "Verifies the body", "responses": {"200": {"description": "its claims"}}})json";
constexpr char kRevoke[] =
    R"json({"summary": "Revokes the jti that is the body", "responses": {"204": {"description": "done"}}})json";

class Issuer {
 public:
  static constexpr ComponentInfo info{.name = "issuer",
                                      .summary = "issues tokens",
                                      .schema = R"({"type": "object", "additionalProperties": false})",
                                      .needs = {AUTHD_EXCHANGE_V1, AUTHD_TOKENS_V1}};
  static constexpr Declaration declares{.issues = {"access"}};

  Issuer(Host host, const Config&, Call&) : tokens_(host) {}

  Status issue(Call& call, const Request& request, Reply& reply) {
    const auto token = tokens_.issue(call, {.subject = "alice",
                                            .audience = {"api"},
                                            .algorithm = request.param(0),
                                            .lifetime = milliseconds(3'600'000),
                                            .more = R"({"acr": "2"})"});
    if (!token) return token.status();
    return reply.send(200, "text/plain", token->text, {{"X-Pass", pass(request)}, {"X-Jti", token->jti}});
  }

  Status verify(Call& call, const Request& request, Reply& reply) {
    const auto claims = tokens_.verify(call, request.body(), {.audiences = {"api"}});
    if (!claims) return claims.status();
    return reply.json(200, *claims, {{"X-Pass", pass(request)}});
  }

  Status revoke(Call& call, const Request& request, Reply& reply) {
    const Status done = tokens_.revoke(call, request.body(), request.now_ms() + 3'600'000);
    return done == Status::ok ? reply.send(204, "", "", {{"X-Pass", pass(request)}}) : done;
  }

  static constexpr authd_route routes[] = {
      route<&Issuer::issue>("POST", "/issue/{algorithm}", kIssue, AUTHD_ROUTE_INLINE),
      route<&Issuer::verify>("POST", "/verify", kVerify, AUTHD_ROUTE_INLINE),
      route<&Issuer::revoke>("POST", "/revoke", kRevoke, AUTHD_ROUTE_INLINE)};

 private:
  static std::string_view pass(const Request& request) { return request.is_first_pass() ? "first" : "second"; }

  Tokens tokens_;
};

constexpr PluginInfo kPlugin{.id = "issuer", .version = "1.0.0", .license = "Apache-2.0"};

} // namespace

AUTHD_PLUGIN(kPlugin, EndpointComponent<Issuer>);
