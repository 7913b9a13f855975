// SPDX-License-Identifier: Apache-2.0
#include "endpoints/admin.h"

#include <optional>
#include <stdexcept>
#include <utility>

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/NumberParser.h>

#include "base/json_writer.h"
#include "endpoints/operations/admin.h"
#include "endpoints/status_page.h"
#include "http/problem.h"
#include "pipeline/consumer.h"

namespace authd::endpoints {
namespace {

constexpr std::string_view kJson = "application/json";
// A reload may wait for plugins to start, each for ten seconds at most.
constexpr seconds kPatience{60};

struct InvalidateRequest {
  bool all = false;
  std::string consumer;
};

// nullopt: neither {"consumer": "..."} nor {"all": true}.
std::optional<InvalidateRequest> parse_invalidate(std::string_view body) {
  try {
    Poco::JSON::Parser parser;
    parser.setDepth(4);
    const auto object = parser.parse(std::string(body)).extract<Poco::JSON::Object::Ptr>();
    const auto all = object->get("all");
    const auto consumer = object->get("consumer");
    InvalidateRequest request;
    request.all = all.isBoolean() && all.extract<bool>();
    if (consumer.isString()) request.consumer = consumer.extract<std::string>();
    if (request.all == request.consumer.empty()) return request;
  } catch (const Poco::Exception&) {
  }
  return std::nullopt;
}

struct RotationRequest {
  std::string algorithm; // empty: all
  bool emergency = false;
};

// Nullopt: no object, or a member of another type or name. An empty body is an empty object.
std::optional<RotationRequest> parse_rotation(std::string_view body) {
  RotationRequest request;
  if (body.empty()) return request;
  try {
    Poco::JSON::Parser parser;
    parser.setDepth(4);
    const auto object = parser.parse(std::string(body)).extract<Poco::JSON::Object::Ptr>();
    for (const auto& [name, value] : *object) {
      if (name == "algorithm" && value.isString())
        request.algorithm = value.extract<std::string>();
      else if (name == "emergency" && value.isBoolean())
        request.emergency = value.extract<bool>();
      else
        return std::nullopt;
    }
    return request;
  } catch (const Poco::Exception&) {
    return std::nullopt;
  }
}

std::string to_json(const pipeline::Invalidation& done) {
  using Consumer = pipeline::Invalidation::Consumer;
  const bool resolved = done.consumer == Consumer::known || done.consumer == Consumer::everybody;
  std::string text;
  JsonWriter json(text);
  json.begin_object().member("invalidated", done.dropped.copies()).member("resolved", resolved);
  json.member("everywhere", done.dropped.everywhere()).key("dropped").begin_object();
  for (const pipeline::TierDrop& drop : done.dropped.tiers()) json.member(drop.tier, drop.copies);
  json.end_object().end_object();
  return text;
}

constexpr std::string_view kUnixPrefix = "unix:";

http::ServerOptions options_for(const config::Admin& admin) {
  const std::string& listen = admin.listen;
  http::ServerOptions options;
  options.reactors = 1;
  options.max_connections = AdminEndpoints::kMaxConnections;
  options.cors.clear(); // no browser has business here
  if (listen.rfind(kUnixPrefix, 0) == 0) {
    options.local = {listen.substr(kUnixPrefix.size()), admin.mode, admin.group};
    options.local_only = true;
    return options;
  }
  const auto colon = listen.rfind(':');
  unsigned port = 0;
  if (colon == std::string::npos || !Poco::NumberParser::tryParseUnsigned(listen.substr(colon + 1), port) ||
      port == 0 || port > 65535) {
    throw std::runtime_error("\"" + listen + "\": expected unix:/path or host:port");
  }
  options.host = listen.substr(0, colon);
  options.port = static_cast<std::uint16_t>(port);
  return options;
}

AdminGuard guard_for(const std::string& listen) {
  if (listen.rfind(kUnixPrefix, 0) == 0) return {};
  return AdminGuard(listen.substr(0, listen.rfind(':')));
}

} // namespace

void AdminEndpoints::add_to(http::Router& router) {
  router.add(guarded(operations::kInvalidate, [this](http::Exchange& e) { invalidate(e); }));
  router.add(view(operations::kCacheStats, actions_.cache_stats));
  router.add(guarded(operations::kReload,
                     [this](http::Exchange& e) { answer_later(operations_, e, [this] { return reload(); }); }));
  router.add(view(operations::kPlugins, actions_.plugins));
  router.add(view(operations::kStatus, actions_.status));
  router.add(guarded(operations::kStatusPage, respond_status_page));
  router.add(guarded(operations::kKeys, [this](http::Exchange& e) {
    answer_later(views_, e, [this] { return to_reply(actions_.keys()); });
  }));
  router.add(guarded(operations::kRotateKeys, [this](http::Exchange& e) { rotate_keys(e); }));
  if (!actions_.modules) return;
  router.set_others({[this](http::Method method, std::string_view path) { return body_limit_of_module(method, path); },
                     [this](http::Exchange& e) { return serve_module(e); }});
}

std::size_t AdminEndpoints::body_limit_of_module(http::Method method, std::string_view path) const {
  const auto modules = actions_.modules();
  return modules.routes != nullptr ? modules.routes->max_body_bytes(method, path) : 0;
}

bool AdminEndpoints::serve_module(http::Exchange& exchange) const {
  auto modules = actions_.modules();
  if (modules.routes == nullptr || !modules.routes->knows(exchange.request().path)) return false;
  if (const auto objection = guard_.judge(exchange.request())) {
    http::respond_http_problem(exchange, objection->status, objection->detail);
    return true;
  }
  exchange.hold(std::move(modules.owner));
  modules.routes->dispatch(exchange);
  return true;
}

http::Route AdminEndpoints::view(const http::Operation& operation, const std::function<std::string()>& says) {
  return guarded(operation, [this, &says](http::Exchange& e) {
    answer_later(views_, e, [&says] { return Reply{200, says()}; });
  });
}

http::Route AdminEndpoints::guarded(const http::Operation& operation, http::Handler handler) const {
  return {operation, [this, handler = std::move(handler)](http::Exchange& e) {
            if (const auto objection = guard_.judge(e.request())) {
              return http::respond_http_problem(e, objection->status, objection->detail);
            }
            handler(e);
          }};
}

void AdminEndpoints::answer_later(pipeline::BlockingLane& lane, http::Exchange& exchange, std::function<Reply()> work) {
  const http::Ticket ticket = exchange.defer(steady_now() + kPatience, [](http::Exchange& e) {
    http::respond_http_problem(e, 504, "The operation is taking longer than a minute; see the log for its outcome");
  });
  const bool taken = lane.submit(pipeline::BlockingLane::plain_job([ticket, work = std::move(work)] {
    const Reply reply = work();
    ticket.resume([reply](http::Exchange& e) {
      if (reply.problem) return http::respond_http_problem(e, reply.status, reply.text);
      e.respond(reply.status, kJson, reply.text);
    });
  }));
  if (!taken) http::respond_http_problem(exchange, 503, "Too many operations are queued");
}

void AdminEndpoints::invalidate(http::Exchange& exchange) {
  const auto request = parse_invalidate(exchange.request().body);
  if (!request) {
    return http::respond_problem(
        exchange, {Code::malformed_request, R"(The body must be {"consumer":"<id or username>"} or {"all":true})", {}});
  }
  if (const std::string_view wrong = pipeline::name_problem(request->consumer); !wrong.empty()) {
    return http::respond_problem(exchange, {Code::malformed_request, "\"consumer\"" + std::string(wrong), {}});
  }
  answer_later(operations_, exchange, [this, request = *request]() -> Reply {
    const pipeline::Invalidation done = request.all ? actions_.invalidate_all() : actions_.invalidate(request.consumer);
    if (done.is_of_nobody()) return {404, "Neither the gateway nor any cache tier knows this consumer", true};
    return {200, to_json(done)};
  });
}

AdminEndpoints::Reply AdminEndpoints::to_reply(AdminActions::KeysOutcome outcome) {
  return {outcome.status, std::move(outcome.text), outcome.status != 200};
}

void AdminEndpoints::rotate_keys(http::Exchange& exchange) {
  auto request = parse_rotation(exchange.request().body);
  if (!request)
    return http::respond_problem(
        exchange, {Code::malformed_request,
                   R"(The body must be an object that may have "algorithm":"<one>" and "emergency":true)",
                   {}});
  answer_later(operations_, exchange, [this, request = std::move(*request)] {
    return to_reply(actions_.rotate_keys(request.algorithm, request.emergency));
  });
}

AdminEndpoints::Reply AdminEndpoints::reload() const {
  const AdminActions::ReloadOutcome outcome = actions_.reload();
  Reply reply{outcome.applied ? 200 : 422, {}};
  JsonWriter json(reply.text);
  json.begin_object().member("reloaded", outcome.applied).key("messages").begin_array();
  for (const std::string& line : outcome.lines) json.value(line);
  json.end_array().end_object();
  return reply;
}

AdminServer::AdminServer(const std::string& listen, AdminActions actions, const config::Config& config, Log& log)
    : access_log_(config.telemetry, log), endpoints_(std::move(actions), guard_for(listen)),
      document_(info_of_admin_listener(config.api), router_, wall_now()) {
  endpoints_.add_to(router_);
  router_.add(endpoints_.guarded(operations::kAdminApiDocument, [this](http::Exchange& e) { document_.answer(e); }));
  server_ = std::make_unique<http::Server>(options_for(config.admin), router_, &access_log_, log);
  server_->start();
  log.write(Level::info, "admin-listening", "admin listener ready", {{"server.address", listen}});
}

} // namespace authd::endpoints
