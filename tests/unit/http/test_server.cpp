// SPDX-License-Identifier: Apache-2.0
#include "test_server.h"

#include <stdexcept>

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "described.h"
#include "http/problem.h"

namespace authd::http {
namespace {

using namespace std::chrono_literals;

std::string name_of_target(const Request& request) {
  return std::string(request.method_name) + " " + std::string(request.path) + " " + std::string(request.query);
}

void respond_unavailable(Exchange& exchange) { respond_problem(exchange, {Code::gateway_unavailable, "too late", 1s}); }

} // namespace

void TicketBox::put(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  tickets_.push_back(std::move(ticket));
  changed_.notify_all();
}

Ticket TicketBox::take() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, 20s, [this] { return !tickets_.empty(); })) throw std::runtime_error("no ticket came");
  Ticket ticket = tickets_.front();
  tickets_.erase(tickets_.begin());
  return ticket;
}

void Observed::on_outcome(const RequestOutcome& o) {
  const std::lock_guard lock(mutex_);
  entries_.push_back({std::string(o.method), std::string(o.path), o.status, o.body_bytes, o.code,
                      std::string(o.message()), std::string(o.peer.text().view()), std::string(o.client.text().view()),
                      o.refused, o.faulted, ""});
}

void Observed::on_fault(const RequestOutcome&, std::string_view what) {
  const std::lock_guard lock(mutex_);
  entries_.back().fault = what;
}

std::vector<Observed::Entry> Observed::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

TestServer::TestServer(ServerOptions options) : log_fd_(::memfd_create("log", MFD_CLOEXEC)) {
  Log::Options log;
  log.fd = log_fd_;
  log_ = std::make_unique<Log>(log);
  add_routes();
  options.port = 0;
  if (options.reactors == 0) options.reactors = 1;
  server_ = std::make_unique<Server>(options, router_, &observed_, *log_);
  port_ = server_->port();
  server_->start();
}

TestServer::~TestServer() {
  server_.reset();
  log_.reset();
  ::close(log_fd_);
}

void TestServer::replace(ServerOptions options) {
  server_->replace(std::shared_ptr<const Application>(new Application{std::move(options), router_, &observed_}));
}

bool TestServer::await_connections(unsigned count) {
  const SteadyTime deadline = steady_now() + 20s;
  while (server_->connections() != count && steady_now() < deadline) ::poll(nullptr, 0, 1);
  return server_->connections() == count;
}

void TestServer::add_routes() {
  constexpr std::size_t kMuch = std::size_t{4} << 20;
  const auto route = [this](Method method, const char* path, Handler handler, std::size_t max_body_bytes = 0) {
    router_.add({described(method, path, max_body_bytes), std::move(handler)});
  };
  route(Method::get, "/hello", [](Exchange& e) { e.respond(200, "text/plain", "hello"); });
  route(Method::get, "/big", [this](Exchange& e) { e.respond(200, "text/plain", big_); });
  route(Method::get, "/id", [](Exchange& e) { e.respond(200, "text/plain", e.request().request_id); });
  route(Method::get, "/target", [](Exchange& e) { e.respond(200, "text/plain", name_of_target(e.request())); });
  route(Method::get, "/peer",
        [](Exchange& e) { e.respond(200, "text/plain", e.request().peer_trusted ? "trusted" : "stranger"); });
  const auto echo = [](Exchange& e) { e.respond(200, "text/plain", e.request().body); };
  const auto later = [this](Exchange& e) { tickets_.put(e.defer(steady_now() + 10s, respond_unavailable)); };
  route(Method::post, "/echo", echo, kMuch);
  route(Method::post, "/note", echo, 100);
  route(Method::post, "/bare", echo);
  route(Method::post, "/keep", later, kMuch);
  route(Method::get, "/throw", [](Exchange&) { throw std::runtime_error("thrown on purpose"); });
  route(Method::get, "/forget", [](Exchange&) {});
  route(Method::get, "/twice", [](Exchange& e) {
    e.respond(200, "text/plain", "first");
    e.respond(500, "text/plain", "second");
  });
  route(Method::get, "/refused", [](Exchange& e) { respond_problem(e, {Code::breaker_open, "open", 7s}); });
  route(Method::get, "/later", later);
  route(Method::get, "/soon", [](Exchange& e) {
    e.defer(steady_now() + 20ms, [](Exchange& late) { late.extend(steady_now() + 20ms, respond_unavailable); });
  });
}

std::string get(std::string_view target, std::string_view lines) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: authd.test\r\n" + std::string(lines) + "\r\n";
}

} // namespace authd::http
