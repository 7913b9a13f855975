// SPDX-License-Identifier: Apache-2.0
#include "endpoints/status_page.h"

#include <utility>

#include <openssl/crypto.h>

#include "base/random.h"
#include "config/formats.h"
#include "endpoints/content_security.h"
#include "endpoints/operations/admin.h"
#include "http/problem.h"

namespace authd::endpoints {

extern constinit const std::string_view kStatusPage; // pages/status.html

namespace {

constexpr std::string_view kTokenParameter = "token=";
constexpr std::size_t kTokenBytes = 16;
constexpr seconds kPatience{20};

// What stands between the only <name> and </name>: a hash of Content Security Policy Level 3, 6.7.3 covers all of it.
std::string_view content_of(std::string_view name) {
  const auto begin = kStatusPage.find("<" + std::string(name) + ">") + name.size() + 2;
  return kStatusPage.substr(begin, kStatusPage.find("</" + std::string(name) + ">", begin) - begin);
}

const std::string& policy() {
  static const std::string all = "default-src 'none'; script-src " + hash_source(content_of("script")) +
                                 "; style-src " + hash_source(content_of("style")) +
                                 "; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                                 "frame-ancestors 'none'";
  return all;
}

http::ServerOptions options_for(std::uint16_t port) {
  http::ServerOptions options;
  options.host = "127.0.0.1";
  options.port = port;
  options.reactors = 1;
  options.max_connections = 64;
  options.cors.clear();
  return options;
}

} // namespace

void respond_status_page(http::Exchange& exchange) {
  exchange.respond(200, "text/html; charset=utf-8", kStatusPage,
                   {{"Content-Security-Policy", policy()},
                    {"X-Content-Type-Options", "nosniff"},
                    {"Referrer-Policy", "no-referrer"},
                    {"Cache-Control", "no-store"}});
}

StatusPageServer::StatusPageServer(std::uint16_t port, Fetch fetch, Log& log)
    : fetch_(std::move(fetch)), token_(random_base64url(kTokenBytes)) {
  router_.add(guarded(operations::kStatusPage, respond_status_page));
  router_.add(guarded(operations::kStatus, [this](http::Exchange& e) { answer_status(e); }));
  server_ = std::make_unique<http::Server>(options_for(port), router_, nullptr, log);
  server_->start();
}

std::string StatusPageServer::url() const {
  return "http://127.0.0.1:" + std::to_string(server_->port()) + "/admin/ui?" + std::string(kTokenParameter) + token_;
}

http::Route StatusPageServer::guarded(const http::Operation& operation, http::Handler handler) const {
  http::Handler behind_guard = [this, handler = std::move(handler)](http::Exchange& e) {
    if (const auto why = objection(e.request())) return http::respond_http_problem(e, 403, *why);
    handler(e);
  };
  return {operation, std::move(behind_guard)};
}

std::optional<std::string_view> StatusPageServer::objection(const http::Request& request) const {
  if (!config::is_loopback(host_in(request.header("Host").value_or("")))) return "Host must be a loopback address";
  if (const auto foreign = origins_.judge(request)) return foreign->detail;
  if (!has_token(request.query)) return "Open the URL that authd ui printed, with its token";
  return std::nullopt;
}

// Takes as long however much of the token is right.
bool StatusPageServer::has_token(std::string_view query) const {
  if (!query.starts_with(kTokenParameter)) return false;
  const std::string_view given = query.substr(kTokenParameter.size());
  return given.size() == token_.size() && CRYPTO_memcmp(given.data(), token_.data(), token_.size()) == 0;
}

void StatusPageServer::answer_status(http::Exchange& exchange) {
  const http::Ticket ticket = exchange.defer(steady_now() + kPatience, [](http::Exchange& e) {
    http::respond_http_problem(e, 504, "authd does not answer in time");
  });
  const bool taken = lane_.submit(pipeline::BlockingLane::plain_job([this, ticket] {
    const auto status = fetch_();
    ticket.resume([status](http::Exchange& e) {
      if (!status) return http::respond_http_problem(e, 502, "authd does not answer");
      e.respond(200, "application/json", *status, {{"Cache-Control", "no-store"}});
    });
  }));
  if (!taken) http::respond_http_problem(exchange, 503, "Too many requests wait for authd");
}

} // namespace authd::endpoints
