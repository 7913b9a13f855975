// SPDX-License-Identifier: Apache-2.0
// A module that keeps the rules: each kind of route once, both passes, an event that it emits and hears.
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include <authd/endpoint.hpp>
#include <authd/plugin.hpp>
#include <authd/services.h>

namespace {

using namespace authd::sdk;

constexpr char kSchema[] = R"json({
  "type": "object",
  "properties": {
    "greeting": {"type": "string", "default": "hello"},
    "guests": {"type": "array", "items": {"type": "object", "required": ["name"], "additionalProperties": false,
      "properties": {"name": {"type": "string"},
                     "word": {"type": "string", "x-authd-secret": true, "minLength": 4},
                     "title": {"type": "string", "default": "guest"}}}}
  },
  "additionalProperties": false
})json";

constexpr char kGreet[] = R"json({"summary": "Greets", "operationId": "greet",
  "responses": {"200": {"description": "a greeting"}}, "x-authd": {"max_body": 0}})json";
constexpr char kEcho[] = R"json({"summary": "Says what it was told", "responses": {"200": {"description": "the body"}},
  "x-authd": {"max_body": 1000}})json";
constexpr char kTell[] =
    R"json({"summary": "Tells all who listen", "responses": {"200": {"description": "told"}}})json";
constexpr char kHeard[] = R"json({"summary": "What it has heard", "responses": {"200": {"description": "a list"}},
  "x-authd": {"audience": "admin"}})json";
constexpr char kFile[] = R"json({"summary": "The rest of the path", "responses": {"200": {"description": "it"}}})json";
constexpr char kFails[] = R"json({"summary": "Fails with the status that is asked for",
  "responses": {"200": {"description": "never"}}})json";
constexpr char kFailsOauth[] = R"json({"summary": "The same in another dialect",
  "responses": {"200": {"description": "never"}}, "x-authd": {"dialect": "oauth"}})json";

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

class Greeter {
 public:
  static constexpr ComponentInfo info{.name = "greeter",
                                      .summary = "greets, echoes and tells",
                                      .schema = kSchema,
                                      .needs = {AUTHD_EXCHANGE_V1, AUTHD_EVENTS_V1, AUTHD_CLOCK_V1}};
  static constexpr Declaration declares{.emits = {"greeter.told"}, .listens = {"greeter.told"}};

  Greeter(Host host, const Config& config, Call&)
      : events_(host.service<authd_events_v1>(AUTHD_EVENTS_V1)), clock_(host.service<authd_clock_v1>(AUTHD_CLOCK_V1)),
        greeting_(config.string("/greeting")),
        has_foreign_service_(host.service<authd_random_v1>(AUTHD_RANDOM_V1) != nullptr) {
    for (std::size_t i = 0; config.has("/guests/" + std::to_string(i)); ++i) {
      const std::string guest = "/guests/" + std::to_string(i);
      guests_ += std::string(config.string(guest + "/title")) + " " + std::string(config.string(guest + "/name")) + ";";
    }
  }

  Status greet(Call&, const Request& r, Reply& reply) {
    ++passes_;
    const std::string fields =
        "{\"said\":" + in_quotes(greeting_ + " " + std::string(r.param(0))) + ",\"guests\":" + in_quotes(guests_) +
        ",\"query\":" + in_quotes(r.query()) + ",\"header\":" + in_quotes(r.field("x-asked")) +
        ",\"method\":" + in_quotes(r.method()) + ",\"base_url\":" + in_quotes(r.base_url()) +
        ",\"client\":" + in_quotes(r.client_address()) + ",\"first_pass\":" + (r.is_first_pass() ? "true" : "false") +
        ",\"foreign_service\":" + (has_foreign_service_ ? "true" : "false") +
        ",\"now_ms\":" + std::to_string(r.now_ms()) + ",\"clock_ms\":" + std::to_string(clock_->wall_ms(clock_)) + "}";
    return reply.json(200, fields, {{"X-Greeting", greeting_}, {"Cache-Control", "max-age=1"}});
  }

  Status echo(Call&, const Request& r, Reply& reply) { return reply.send(200, "text/plain", r.body()); }

  // On a first pass the event would be a change, so it comes back on a worker.
  Status tell(Call& call, const Request& r, Reply& reply) {
    ++passes_;
    const auto emitted = static_cast<Status>(
        events_->emit(events_, call.abi(), raw("greeter.told"), raw(r.param(0)), raw_bytes("{\"told\":true}")));
    if (emitted != Status::ok) return emitted;
    return reply.json(200, "{\"passes\":" + std::to_string(passes_) +
                               ",\"first_pass\":" + (r.is_first_pass() ? "true" : "false") + "}");
  }

  Status heard(Call&, const Request&, Reply& reply) {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const std::string& one : heard_) all += (all.empty() ? "" : ",") + in_quotes(one);
    return reply.json(200, "{\"heard\":[" + all + "]}");
  }

  Status file(Call&, const Request& r, Reply& reply) { return reply.send(200, "text/plain", r.param(0)); }

  Status fails(Call& call, const Request& r, Reply&) {
    return call.fail(static_cast<Status>(std::stoi(std::string(r.param(0)))), "as it was asked to", 0,
                     milliseconds(1500));
  }

  Status on_event(Call&, std::string_view type, std::string_view subject, std::string_view) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(std::string(type) + " " + std::string(subject));
    return Status::ok;
  }

  static constexpr authd_route routes[] = {
      route<&Greeter::greet>("GET", "/hello/{name}", kGreet, AUTHD_ROUTE_INLINE),
      route<&Greeter::echo>("POST", "/echo", kEcho),
      route<&Greeter::tell>("POST", "/tell/{whom}", kTell, AUTHD_ROUTE_INLINE),
      route<&Greeter::heard>("GET", "/heard", kHeard),
      route<&Greeter::file>("GET", "/files/{path*}", kFile, AUTHD_ROUTE_INLINE),
      route<&Greeter::fails>("GET", "/fails/{status}", kFails, AUTHD_ROUTE_INLINE),
      route<&Greeter::fails>("GET", "/fails-oauth/{status}", kFailsOauth),
      route<&Greeter::greet>("GET", "/.well-known/greeter/{name}", kFile, AUTHD_ROUTE_ROOT)};

 private:
  const authd_events_v1* events_;
  const authd_clock_v1* clock_;
  std::string greeting_;
  std::string guests_;
  bool has_foreign_service_;
  std::atomic<int> passes_{0};
  std::mutex mutex_;
  std::vector<std::string> heard_; // guarded by mutex_
};

constexpr PluginInfo kPlugin{.id = "org.example.greeter", .version = "1.0.0", .license = "Apache-2.0"};

} // namespace

AUTHD_PLUGIN(kPlugin, EndpointComponent<Greeter>);
