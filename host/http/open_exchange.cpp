// SPDX-License-Identifier: Apache-2.0
#include "http/open_exchange.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "http/exchange.h"
#include "http/problem.h"
#include "http/sent_trace.h"

namespace authd::http {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};

// 1 to 128 visible ASCII characters: token-service.md, "Common to every answer".
bool is_request_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

} // namespace

void OpenExchange::open(Inbox* inbox, const Peer& peer) {
  ++number_;
  stage_ = Stage::running;
  shared_.activity.request_begun();
  outcome_ = shared_.outcomes.acquire();
  request_ = {};
  client_keeps_ = http_1_0_ = false;
  if (inbox != nullptr) {
    inbox->describe(request_);
    client_keeps_ = inbox->parser().keep_alive();
    http_1_0_ = inbox->parser().is_http_1_0();
  }
  request_.peer = peer.address;
  request_.peer_trusted = peer.trusted;
  request_.over_tls = peer.over_tls;
  request_.received = steady_now();
  outcome().client_subject = peer.subject;
  choose_request_id();
  begin_trace();
}

// A peer that is no gateway of ours begins a trace, whatever it sends: it could have all of its requests sampled.
void OpenExchange::begin_trace() {
  SentTrace sent;
  if (request_.peer_trusted) sent = sent_trace(request_, outcome_->trace_state);
  outcome().trace = begin_span(sent.parent, sent.state, shared_.options().trace_sample_ratio, shared_.trace_ids);
}

void OpenExchange::choose_request_id() {
  const auto sent = request_.header("X-Request-Id");
  if (sent && is_request_id(*sent)) {
    request_.request_id = *sent;
    return;
  }
  made_id_ = shared_.ids.next();
  request_.request_id = view(made_id_);
}

template <class Endpoint>
void OpenExchange::run(const Endpoint& endpoint) {
  stage_ = Stage::running;
  try {
    endpoint(*this);
  } catch (const std::exception& e) {
    fail(e.what());
  } catch (...) {
    fail("an exception of unknown type");
  }
  if (stage_ == Stage::running) fail("the endpoint neither answered nor deferred");
  if (stage_ != Stage::answered) return;
  on_deadline_ = nullptr;
  application_ = nullptr;
  held_ = nullptr;
  shared_.outcomes.release(std::move(outcome_));
}

void OpenExchange::fail(std::string_view what) {
  if (stage_ == Stage::answered) {
    if (observer() != nullptr) observer()->on_fault(outcome(), what);
    return;
  }
  outcome().faulted = true;
  outcome().lookup = {}; // it may refer to what the exception has ended
  outcome().stale = {};
  outcome().reason = what;
  respond_problem(*this, {Code::unforeseen, "Unexpected error", {}});
}

void OpenExchange::dispatch() {
  run([this](Exchange& exchange) { shared_.application->router.dispatch(exchange); });
}

void OpenExchange::refuse(const Refusal& refusal) {
  client_keeps_ = false;
  outcome().refused = true;
  run([&](Exchange& exchange) {
    if (!refusal.code) return respond_http_problem(exchange, refusal.status, refusal.detail);
    respond_problem(exchange, {*refusal.code, std::string(refusal.detail), kRetryAfter});
  });
}

bool OpenExchange::deliver(std::uint64_t exchange, const Continuation& next) {
  if (!deferred() || exchange != number_) return false;
  run(next);
  return true;
}

bool OpenExchange::expire(std::uint64_t serial) {
  if (!deferred() || serial != serial_) return false;
  const Continuation next = std::exchange(on_deadline_, nullptr);
  run(next);
  return true;
}

Persistence OpenExchange::persistence() const {
  if (!keeps_connection_) return Persistence::close;
  return http_1_0_ ? Persistence::keep_alive : Persistence::implied;
}

void OpenExchange::respond(int status, std::string_view content_type, std::string_view body, FieldList headers) {
  if (stage_ == Stage::answered) return fail("the endpoint answered twice");
  stage_ = Stage::answered;
  shared_.activity.request_ended();
  keeps_connection_ = client_keeps_ && !shared_.draining;
  append_response(outbox_.text(), {status, content_type, body, headers, persistence()}, request_, shared_.cors,
                  shared_.date.text());
  if (observer() != nullptr) report(status, body.size());
}

void OpenExchange::report(int status, std::size_t body_bytes) {
  RequestOutcome& reported = outcome();
  reported.method = request_.method_name;
  reported.path = request_.path;
  reported.request_id = request_.request_id;
  reported.received = request_.received;
  reported.peer = request_.peer;
  const ServerOptions& options = application().options;
  if (options.trusted_are_gateways && request_.peer_trusted) {
    reported.client = client_address(request_, options.is_trusted);
  }
  reported.status = status;
  reported.body_bytes = body_bytes;
  reported.duration = steady_now() - request_.received;
  observer()->on_outcome(reported);
}

void OpenExchange::hold(std::shared_ptr<const void> owner) { held_ = std::move(owner); }

Ticket OpenExchange::defer(SteadyTime deadline, Continuation on_deadline) {
  extend(deadline, std::move(on_deadline));
  return make_ticket(shared_.mailbox, connection_, number_);
}

void OpenExchange::extend(SteadyTime deadline, Continuation on_deadline) {
  if (stage_ == Stage::answered) return fail("the endpoint deferred after it had answered");
  stage_ = Stage::deferred;
  if (!application_) application_ = shared_.application;
  on_deadline_ = std::move(on_deadline);
  shared_.deadlines.add({deadline, connection_, ++serial_});
}

} // namespace authd::http
