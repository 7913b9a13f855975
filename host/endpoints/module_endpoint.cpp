// SPDX-License-Identifier: Apache-2.0
#include "endpoints/module_endpoint.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/call.h"
#include "endpoints/module_answer.h"
#include "http/problem.h"

namespace authd::endpoints {
namespace {

using plugin::Handled;
using plugin::HandlerResult;

// When somebody is told that a first pass holds a reactor up. The budget is far smaller, and judged afterwards.
constexpr milliseconds kFirstPassDeadline{100};
constexpr std::size_t kQueuedPerWorker = 64;

std::size_t workers_of(const config::Endpoint& settings, std::size_t all) {
  const std::size_t half = std::max<std::size_t>(all / 2, 1);
  return settings.max_concurrency == 0 ? half : std::min<std::size_t>(settings.max_concurrency, half);
}

std::string told_by(const std::string& name, const CallFailure& failure) { return name + ": " + failure.message; }

// Whose failure it is, for operators.
CallFailure failure_of(const std::string& name, CallFailure failure) {
  failure.message = told_by(name, failure);
  return failure;
}

} // namespace

bool FirstPass::overran(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  SteadyTime& oldest = last_[next_];
  next_ = (next_ + 1) % last_.size();
  const bool too_many = oldest != SteadyTime{} && now - oldest < kWindow;
  oldest = now;
  return too_many && allowed_.exchange(false);
}

struct ModuleEndpoint::Work {
  Work(std::size_t r, SteadyTime deadline) : route(r), call_deadline(deadline) {}

  const std::size_t route;
  const SteadyTime call_deadline;
  ModuleRequest request;
  TraceContext trace;
  http::Ticket ticket;
  std::atomic<bool> given_up{false}; // the client has its answer
  KeptAnswer answer;                 // this and the next: written by the worker before it resumes
  HandlerResult result;
};

ModuleEndpoint::ModuleEndpoint(plugin::Endpoint module, ModuleOperations operations, const config::Endpoint& settings,
                               const Surroundings& surroundings)
    : module_(std::move(module)), settings_(settings), around_(surroundings),
      share_(std::make_shared<modules::ModuleShare>(around_.lane, workers_of(settings, around_.workers),
                                                    workers_of(settings, around_.workers) * kQueuedPerWorker)),
      events_(std::make_shared<ToldEvents>(module_, share_, around_.request_timeout,
                                           [this](const modules::Event& event, const std::string& why) {
                                             around_.observer.dropped(name(), event, why);
                                           })) {
  for (auto& operation : operations) {
    routes_.push_back(std::make_unique<Route>());
    routes_.back()->operation = std::move(operation);
  }
}

void ModuleEndpoint::add_to(http::Router& clients, http::Router& operators) {
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const ModuleOperation& operation = *routes_[i]->operation;
    http::Router& router = operation.is_of_admin() ? operators : clients;
    router.add({operation.description(), http::PatternHandler([this, i](http::Exchange& exchange, auto parameters) {
                  serve(exchange, parameters, i);
                })});
  }
}

std::optional<modules::EventBus::Listener> ModuleEndpoint::listener() const {
  if (!module_.listens()) return std::nullopt;
  return modules::EventBus::Listener{module_.declared().listens,
                                     [events = events_](const modules::Event& event) { events->add(event); }};
}

unsigned ModuleEndpoint::demoted() const {
  return static_cast<unsigned>(
      std::count_if(routes_.begin(), routes_.end(), [](const auto& route) { return !route->first_pass.is_allowed(); }));
}

RequestFacts ModuleEndpoint::facts_of(const http::Request& request, std::size_t route) const {
  RequestFacts facts{module_.data_of(route), http::name_of(routes_[route]->operation->description().method),
                     settings_.base_url,     request.peer,
                     request.over_tls,       unix_millis(around_.clock.wall())};
  const bool by_gateway = around_.is_gateway && request.peer_trusted;
  if (!by_gateway) return facts;
  facts.client = client_address(request, around_.is_gateway);
  facts.secure = facts.secure || request.header("X-Forwarded-Proto").value_or("") == "https";
  return facts;
}

void ModuleEndpoint::serve(http::Exchange& exchange, std::span<const std::string_view> parameters, std::size_t route) {
  thread_local std::vector<std::string> decoded; // keeps its capacity
  const ModuleOperation& operation = *routes_[route]->operation;
  if (operation.max_body_bytes() == 0 && !exchange.request().body.empty())
    return http::respond_http_problem(exchange, 413, "This path takes no body");
  if (!decode_parameters(parameters, decoded))
    return http::respond_http_problem(exchange, 400,
                                      "The path is not percent-encoded UTF-8 without control characters");
  if (operation.has_first_pass() && routes_[route]->first_pass.is_allowed() &&
      answered_at_once(exchange, decoded, route))
    return;
  hand_over(exchange, decoded, route);
}

bool ModuleEndpoint::answered_at_once(http::Exchange& exchange, const std::vector<std::string>& parameters,
                                      std::size_t route) {
  thread_local ModuleRequest request; // keeps its capacity
  request.view(exchange.request(), parameters, facts_of(exchange.request(), route));
  const SteadyTime begun = steady_now();
  Call call(begun + kFirstPassDeadline, exchange.request().request_id);
  call.set_first_pass(true);
  call.set_trace(exchange.outcome().trace);
  SentAnswer answer(exchange);
  const HandlerResult result = module_.handle(route, call, request.abi(true), answer);
  const SteadyTime ended = steady_now();
  if (Route& r = *routes_[route]; ended - begun > FirstPass::kBudget) {
    around_.observer.overran(*r.operation, ended - begun);
    if (r.first_pass.overran(ended)) around_.observer.demoted(*r.operation);
  }
  const Dialect dialect = routes_[route]->operation->dialect();
  switch (result.how) {
  case Handled::answered:
    return true;
  case Handled::would_block:
    return false;
  case Handled::failed:
    respond_failure(exchange, dialect, failure_of(name(), result.failure));
    return true;
  case Handled::faulted:
    break;
  }
  if (result.answered) throw std::runtime_error(told_by(name(), result.failure)); // is logged: the answer has gone
  respond_fault(exchange, dialect, told_by(name(), result.failure));
  return true;
}

void ModuleEndpoint::hand_over(http::Exchange& exchange, const std::vector<std::string>& parameters,
                               std::size_t route) {
  const SteadyTime deadline = exchange.request().received + around_.request_timeout;
  const auto work = std::make_shared<Work>(route, deadline);
  work->request.copy(exchange.request(), parameters, facts_of(exchange.request(), route));
  work->trace = exchange.outcome().trace;
  const Dialect dialect = routes_[route]->operation->dialect();
  work->ticket = exchange.defer(deadline, [this, work, dialect](http::Exchange& e) {
    work->given_up = true;
    respond_failure(e, dialect,
                    {CallStatus::timeout, 0, seconds(1), name() + ": has not answered within server.request_timeout"});
  });
  const auto job = [this, work] {
    run(*work);
    work->ticket.resume([this, work](http::Exchange& e) { finish(e, *work); });
  };
  if (share_->submit(job)) return;
  respond_failure(exchange, dialect,
                  {CallStatus::unavailable, 0, seconds(1), name() + ": too many requests wait for it"});
}

void ModuleEndpoint::run(Work& work) const {
  if (work.given_up) return;
  Call call(work.call_deadline, work.request.request_id());
  call.set_trace(work.trace);
  work.result = module_.handle(work.route, call, work.request.abi(false), work.answer);
}

void ModuleEndpoint::finish(http::Exchange& exchange, const Work& work) const {
  const Dialect dialect = routes_[work.route]->operation->dialect();
  switch (work.result.how) {
  case Handled::answered:
    return work.answer.send(exchange);
  case Handled::failed:
    return respond_failure(exchange, dialect, failure_of(name(), work.result.failure));
  case Handled::would_block: // is a fault on a worker
  case Handled::faulted:
    break;
  }
  const std::string reason = told_by(name(), work.result.failure);
  if (!work.result.answered) return respond_fault(exchange, dialect, reason);
  work.answer.send(exchange);
  throw std::runtime_error(reason); // is logged: the answer has gone
}

} // namespace authd::endpoints
