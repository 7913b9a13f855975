// SPDX-License-Identifier: Apache-2.0
// invites.cpp: single-use invitations that become access tokens.
#include <authd/endpoint.hpp>
#include <authd/plugin.hpp>
#include <authd/records.hpp>
#include <authd/services.hpp>
#include <authd/tokens.hpp>

namespace {
using namespace authd::sdk;

constexpr char kSchema[] = R"json({"type": "object", "properties": {
  "lifetime": {"type": "integer", "minimum": 60000, "default": 86400000, "x-authd-unit": "ms",
               "description": "how long an invitation may be used"},
  "audience": {"type": "string", "description": "the claim aud of the tokens"}}, "required": ["audience"]})json";

constexpr char kCreate[] = R"json({"operationId": "createInvitation", "summary": "Make an invitation",
  "responses": {"201": {"description": "its code, which is told once"}},
  "x-authd": {"audience": "admin", "max_body": 256}})json";

constexpr char kRedeem[] = R"json({"operationId": "redeemInvitation", "summary": "Use an invitation, once",
  "responses": {"200": {"description": "an access token"}, "410": {"description": "used, expired or never made"}},
  "x-authd": {"max_body": 0}})json";

class Invites {
 public:
  static constexpr ComponentInfo info{.name = "invites",
                                      .summary = "single-use invitations that become tokens",
                                      .schema = kSchema,
                                      .needs = {AUTHD_EXCHANGE_V1, AUTHD_RECORDS_V1, AUTHD_TOKENS_V1,
                                                AUTHD_RANDOM_V1, AUTHD_SECRETS_V1, AUTHD_EVENTS_V1}};
  static constexpr Declaration declares{.records = {{{.name = "invitation", .sealed = true}}},
                                        .issues = {"access"},
                                        .emits = {"invitation.redeemed"}};

  Invites(Host host, const Config& config, Call&)
      : records_(host), tokens_(host), random_(host), secrets_(host), events_(host),
        lifetime_(config.duration("/lifetime", milliseconds(86'400'000))),
        audience_(config.string("/audience")) {}

  // The body is whom the invitation is for. Only the digest of the code is kept.
  Status create(Call& call, const Request& r, Reply& reply) {
    if (r.body().empty()) return call.fail(Status::invalid, "the body must say whom the invitation is for");
    const std::string code = random_.hex(16);
    const auto kept = records_.apply(call, {{.op = AUTHD_CHANGE_INSERT,
                                             .type = kInvitation,
                                             .id = secrets_.digest(code),
                                             .body = r.body(),
                                             .expires_at_ms = r.now_ms() + lifetime_.count()}});
    return kept ? reply.json(201, R"({"code":")" + code + "\"}") : kept.status;
  }

  // Take, then issue: a crash between them costs an invitation, and never grants two.
  Status redeem(Call& call, const Request& r, Reply& reply) {
    const auto invitation = records_.take(call, kInvitation, secrets_.digest(r.param(0)));
    if (invitation.status() == Status::not_found) return reply.json(410, R"({"error":"invitation_gone"})");
    if (!invitation) return invitation.status(); // authd answers 503 when the store is down
    const auto token = tokens_.issue(call, {.subject = invitation->body,
                                            .client_id = "invites",
                                            .scope = "join",
                                            .audience = {audience_},
                                            .lifetime = milliseconds(300'000)});
    if (!token) return token.status();
    static_cast<void>(
        events_.emit(call, "invitation.redeemed", invitation->body)); // the token is due all the same
    return reply.json(200,
                      R"({"access_token":")" + token->text + R"(","token_type":"Bearer","expires_in":300})");
  }

  static constexpr authd_route routes[] = {
      route<&Invites::create>("POST", "/invitations", kCreate),
      route<&Invites::redeem>("POST", "/invitations/{code}/redeem", kRedeem)};

 private:
  static constexpr std::uint32_t kInvitation = 0; // the first of its record types
  Records records_;
  Tokens tokens_;
  Random random_;
  Secrets secrets_;
  Events events_;
  milliseconds lifetime_;
  std::string audience_;
};

constexpr PluginInfo kPlugin{.id = "com.example.invites", .version = "1.0.0", .license = "Apache-2.0"};
} // namespace

AUTHD_PLUGIN(kPlugin, EndpointComponent<Invites>);
