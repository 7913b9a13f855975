// SPDX-License-Identifier: Apache-2.0
// A module that breaks each rule once.
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

#include <authd/endpoint.hpp>
#include <authd/plugin.hpp>

namespace {

using namespace authd::sdk;

constexpr char kSchema[] = R"json({"type": "object", "properties": {
  "hold": {"type": "string", "format": "path", "description": "what blocks goes on when this file is there"}}})json";
constexpr char kBreaks[] = R"json({"summary": "Breaks a rule", "responses": {"200": {"description": "never"}}})json";

class Rogue {
 public:
  static constexpr ComponentInfo info{
      .name = "rogue", .summary = "breaks rules", .schema = kSchema, .needs = {AUTHD_EXCHANGE_V1}};

  Rogue(Host, const Config& config, Call&) : hold_(config.string("/hold")) {}

  Status breaks(Call& call, const Request& r, Reply& reply) {
    const std::string how(r.param(0));
    if (how == "well") return reply.send(200, "text/plain", "well");
    if (how == "throws") throw std::runtime_error("thrown by a rogue");
    if (how == "silent") return Status::ok;
    if (how == "twice") {
      static_cast<void>(reply.send(200, "text/plain", "one"));
      return reply.send(200, "text/plain", "two");
    }
    if (how == "both") {
      static_cast<void>(reply.send(200, "text/plain", "one"));
      return Status::would_block;
    }
    if (how == "would-block") return Status::would_block;
    if (how == "split") return reply.send(200, "text/plain", "x", {{"X-Rogue", "a\r\nSet-Cookie: stolen=1"}});
    if (how == "length") return reply.send(200, "text/plain", "x", {{"Content-Length", "1000"}});
    if (how == "type") return reply.send(200, "text/plain\r\nX-Rogue: 1", "x");
    if (how == "status") return reply.send(99, "text/plain", "x");
    if (how == "huge") return reply.send(200, "text/plain", std::string(8 * 1024 * 1024 + 1, 'x'));
    if (how == "large") return reply.send(200, "text/plain", std::string(8 * 1024 * 1024, 'x'));
    if (how == "slow") {
      const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
      while (std::chrono::steady_clock::now() < until) continue;
      return reply.send(200, "text/plain", r.is_first_pass() ? "first" : "worker");
    }
    if (how == "blocks") return block(reply);
    return call.fail(static_cast<Status>(777), "an unknown status");
  }
  Status block(Reply& reply) {
    while (!std::filesystem::exists(hold_)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return reply.send(200, "text/plain", "at last");
  }

  static constexpr authd_route routes[] = {route<&Rogue::breaks>("GET", "/first/{how}", kBreaks, AUTHD_ROUTE_INLINE),
                                           route<&Rogue::breaks>("GET", "/worker/{how}", kBreaks)};

 private:
  const std::string hold_;
};

constexpr PluginInfo kPlugin{.id = "org.example.rogue", .version = "1.0.0", .license = "Apache-2.0"};

} // namespace

AUTHD_PLUGIN(kPlugin, EndpointComponent<Rogue>);
