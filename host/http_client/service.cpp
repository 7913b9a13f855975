// SPDX-License-Identifier: Apache-2.0
#include "http_client/service.h"

#include <array>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/abi_views.h"
#include "base/call.h"
#include "base/clock.h"
#include "base/field_syntax.h"
#include "base/frozen_sizes.h"
#include "base/result.h"
#include "base/trace_ids.h"
#include "http_client/answer.h"
#include "http_client/connections.h"
#include "http_client/request.h"
#include "http_client/retry_policy.h"
#include "net/backoff.h"
#include "secrets/secret.h"

namespace authd::http_client {
namespace {

constexpr std::uint64_t kDefaultBody = 8 * 1024 * 1024;
constexpr std::uint32_t kDefaultPool = 10;
constexpr std::size_t kReadSize = 16 * 1024;

// Why an exchange has no answer. `what` has neither URL nor secret.
struct Unanswered {
  authd_status status; // AUTHD_TIMEOUT, AUTHD_UNAVAILABLE, AUTHD_CORRUPT or AUTHD_CANCELLED
  std::string what;
  bool lasting = false; // see net::Failure
};

using Failed = tl::unexpected<Unanswered>;
using Done = Result<void, Unanswered>;

Failed no_answer(const net::Failure& failure) {
  switch (failure.kind) {
  case net::Failure::Kind::timed_out:
    return Failed({AUTHD_TIMEOUT, failure.what});
  case net::Failure::Kind::interrupted:
    return Failed({AUTHD_CANCELLED, "cancelled because authd is stopping"});
  case net::Failure::Kind::lost:
    break;
  }
  return Failed({AUTHD_UNAVAILABLE, failure.what, failure.lasting});
}

// A plugin's call as deadlines ask it.
struct RunningCall {
  const authd_host& host;
  const authd_call* call; // null: no deadline

  milliseconds remaining() const { return milliseconds(host.remaining_ms(&host, call)); }
  // The call, if it belongs to a trace.
  const Call* traced() const {
    const Call* own = call != nullptr ? Call::from_abi(call) : nullptr;
    return own != nullptr && own->trace() ? own : nullptr;
  }
  // How long a caller waits for the result.
  milliseconds patience() const {
    return call != nullptr ? milliseconds(Call::from_abi(call)->patience_ms()) : milliseconds::max();
  }
};

// One exchange, however often it is attempted.
struct Exchange {
  const authd_http_request& request;
  const Url& url;
  RequestBytes& bytes;
  bool idempotent;
  const RunningCall& call;
  net::Deadline deadline;
};

struct Attempt {
  Done done;
  bool reused; // the connection came from the pool
};

Failed corrupt(std::string what) { return Failed({AUTHD_CORRUPT, std::move(what)}); }

Done verdict(Answer::State state) {
  switch (state) {
  case Answer::State::complete:
    return {};
  case Answer::State::malformed:
    return corrupt("the answer is not HTTP/1.1");
  case Answer::State::too_long:
    return corrupt("the answer is longer than allowed");
  case Answer::State::incomplete:
    break;
  }
  return Failed({AUTHD_UNAVAILABLE, "the connection was closed before the answer was complete"});
}

Done read_answer(net::DeadlineSocket& socket, Answer& answer, const net::Deadline& deadline) {
  std::array<char, kReadSize> buffer;
  for (;;) {
    const auto n = socket.read(buffer, deadline);
    if (!n) return no_answer(n.error());
    if (*n == 0) return verdict(answer.finish());
    const auto state = answer.feed({buffer.data(), *n});
    wipe(buffer.data(), *n);
    if (state != Answer::State::incomplete) return verdict(state);
  }
}

AttemptEnd end_of(const Attempt& attempt, const Answer& answer) {
  using How = AttemptEnd::How;
  if (attempt.done) {
    return {How::answered, answer.status(), parse_retry_after(answer.header("Retry-After"), wall_now())};
  }
  const Unanswered& failure = attempt.done.error();
  // A timeout is one of connecting, or else of the whole call, whose caller then waits no longer.
  const bool may_pass = failure.status == AUTHD_UNAVAILABLE || failure.status == AUTHD_TIMEOUT;
  if (answer.started() || failure.lasting || !may_pass) return {How::lost};
  return {attempt.reused ? How::dead_connection : How::no_answer};
}

// Accepted and then not a byte: another address of the same name may do better. That a server closed a
// connection that was idle says nothing.
bool is_silence(const Attempt& attempt, const Answer& answer) {
  if (attempt.done || answer.started()) return false;
  const authd_status status = attempt.done.error().status;
  return status == AUTHD_TIMEOUT || (status == AUTHD_UNAVAILABLE && !attempt.reused);
}

HttpAttempt about_to_be_made(const Exchange& exchange, const Call& call, unsigned before) {
  HttpAttempt attempt;
  attempt.span = trace_ids_of_thread().span();
  attempt.parent = call.trace().span;
  attempt.method = view(exchange.request.method);
  attempt.url = exchange.url.display;
  attempt.host = exchange.url.endpoint.host;
  attempt.port = exchange.url.endpoint.port;
  attempt.resends = before;
  attempt.begun = steady_now();
  return attempt;
}

void deliver(const Answer& answer, authd_http_response* response) {
  response->status = answer.status();
  if (AUTHD_HAS(response, on_header)) {
    for (const AnswerHeader& h : answer.headers()) {
      response->on_header(response->ctx, to_abi(h.name), to_abi(h.value));
    }
  }
  if (AUTHD_HAS(response, on_body)) response->on_body(response->ctx, to_bytes(answer.body()));
}

} // namespace

class HttpService::Client {
 public:
  Client(const authd_host* host, std::shared_ptr<const TlsIdentity> identity, HttpService& service)
      : table_{{sizeof(authd_http_v1), 0, host, &Client::exchange}, this}, host_(*host), service_(service),
        tls_(service.system_tls_, std::move(identity)) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  const authd_http_v1* table() const { return &table_; }

 private:
  // The table that a plugin has a pointer to, with the client behind it.
  struct Table : authd_http_v1 {
    Client* client;
  };

  static authd_status exchange(const authd_http_v1* table, const authd_call* call, const authd_http_request* request,
                               authd_http_response* response) {
    Client* self = static_cast<const Table*>(table)->client;
    // The caller's frame is a plugin's noexcept function: nothing may leave through it.
    try {
      return self->checked(call, request, response);
    } catch (const std::exception& e) {
      return self->fail(call, AUTHD_INTERNAL, e.what());
    } catch (...) {
      return self->fail(call, AUTHD_INTERNAL, "a callback of the response threw");
    }
  }

  authd_status fail(const authd_call* call, authd_status status, std::string_view message) const {
    const authd_error error{sizeof(authd_error), 0, 0, 0, to_abi(message), {}};
    return host_.fail(&host_, call, status, &error);
  }

  authd_status checked(const authd_call* call, const authd_http_request* given, authd_http_response* response) {
    if (!is_whole(given) || !is_whole(response)) {
      return fail(call, AUTHD_INTERNAL, "authd.http/1: a table smaller than its first revision");
    }
    const authd_http_request request = known_part(given);
    const auto url = split_url(view(request.url));
    if (!is_token(view(request.method)) || !url) {
      return fail(call, AUTHD_INTERNAL, "authd.http/1: malformed method or URL");
    }
    const bool idempotent = (request.flags & AUTHD_HTTP_IDEMPOTENT) != 0;
    RequestBytes bytes;
    const TraceContext trace = call != nullptr ? Call::from_abi(call)->trace() : TraceContext();
    if (const auto fault = bytes.write(request, *url, idempotent, trace); !fault.empty()) {
      return fail(call, AUTHD_INTERNAL, fmt::format("authd.http/1: {}", fault));
    }
    const RunningCall running{host_, call};
    const auto deadline = net::Deadline(running, milliseconds::max()).cancelled_by(service_.interrupt_.descriptor());
    return carry_out({request, *url, bytes, idempotent, running, deadline}, *response);
  }

  authd_status carry_out(const Exchange& exchange, authd_http_response& response) {
    RetryPolicy policy(retry_settings(exchange.request), exchange.idempotent, budget_, chance_);
    std::optional<Answer> answer;
    if (const Done done = attempt_until_settled(exchange, policy, answer); !done) {
      const std::string again =
          policy.attempts() > 1 ? fmt::format(" ({} attempts)", policy.attempts()) : std::string();
      return fail(
          exchange.call.call, done.error().status,
          fmt::format("{} {}: {}{}", view(exchange.request.method), exchange.url.display, done.error().what, again));
    }
    deliver(*answer, &response);
    return AUTHD_OK;
  }

  Done attempt_until_settled(const Exchange& exchange, RetryPolicy& policy, std::optional<Answer>& answer) {
    const auto max_body = exchange.request.max_body_bytes != 0 ? exchange.request.max_body_bytes : kDefaultBody;
    for (bool may_reuse = exchange.idempotent;;) {
      answer.emplace(view(exchange.request.method) == "HEAD", max_body);
      const Attempt attempt = trace_attempt(exchange, may_reuse, policy.attempts(), *answer);
      const auto wait = policy.wait_before_next(end_of(attempt, *answer), exchange.call.patience().count());
      if (!wait) return attempt.done;
      // Where one pooled connection was dead the others are likely to be.
      may_reuse = may_reuse && attempt.done.has_value();
      exchange.deadline.pause(*wait);
      if (exchange.deadline.over()) return no_answer(exchange.deadline.why_over());
    }
  }

  // Within a trace: under a span of its own, and noted in the call.
  Attempt trace_attempt(const Exchange& exchange, bool may_reuse, unsigned before, Answer& answer) {
    const Call* call = exchange.call.traced();
    if (call == nullptr) return make_attempt(exchange, may_reuse, answer);
    HttpAttempt note = about_to_be_made(exchange, *call, before);
    exchange.bytes.set_span(note.span);
    Attempt attempt = make_attempt(exchange, may_reuse, answer);
    note.duration = steady_now() - note.begun;
    if (attempt.done) note.status = answer.status();
    if (!attempt.done) note.failure = attempt.done.error().what;
    call->note(std::move(note));
    return attempt;
  }

  Attempt make_attempt(const Exchange& exchange, bool may_reuse, Answer& answer) {
    const std::string origin = (exchange.url.tls ? "s:" : "p:") + exchange.url.authority;
    if (may_reuse) {
      if (auto reused = pool_.take(origin, steady_now())) {
        return use(std::move(*reused), true, origin, exchange, answer);
      }
    }
    auto fresh = open(exchange);
    if (!fresh) return {no_answer(fresh.error()), false};
    return use(std::move(*fresh), false, origin, exchange, answer);
  }

  net::Result<net::DeadlineSocket> open(const Exchange& exchange) {
    const net::Endpoint& to = exchange.url.endpoint;
    const milliseconds at_most(exchange.request.connect_timeout_ms);
    const auto deadline = at_most.count() == 0 ? exchange.deadline : exchange.deadline.capped(at_most);
    auto socket = service_.connector_.connect(to, deadline, exchange.call.patience());
    if (!socket || !exchange.url.tls) return socket;
    if (auto secured = socket->secure(to.host, tls_.get().get(), deadline); !secured) {
      service_.connector_.distrust(to, socket->peer());
      return tl::unexpected(secured.error());
    }
    return socket;
  }

  Attempt use(net::DeadlineSocket socket, bool reused, const std::string& origin, const Exchange& exchange,
              Answer& answer) {
    const net::Address peer = socket.peer();
    Attempt attempt{send_over(std::move(socket), origin, exchange, answer), reused};
    if (is_silence(attempt, answer)) service_.connector_.distrust(exchange.url.endpoint, peer);
    return attempt;
  }

  Done send_over(net::DeadlineSocket socket, const std::string& origin, const Exchange& exchange, Answer& answer) {
    if (auto sent = socket.write(exchange.bytes.bytes(), exchange.deadline); !sent) return no_answer(sent.error());
    if (auto read = read_answer(socket, answer, exchange.deadline); !read) return read;
    if (exchange.idempotent && answer.reusable()) {
      const std::uint32_t most = exchange.request.pool_size != 0 ? exchange.request.pool_size : kDefaultPool;
      pool_.keep(origin, std::move(socket), most, steady_now());
    }
    return {};
  }

  const Table table_;
  const authd_host& host_;
  HttpService& service_;
  ClientTls tls_;
  ConnectionPool pool_;
  RetryBudget budget_;
  net::Jitter jitter_;
  const RetryPolicy::Chance chance_ = [this] { return jitter_.next(); };
};

HttpService::HttpService(net::Resolver resolver) : connector_(std::move(resolver)) {}
HttpService::~HttpService() = default;

std::shared_ptr<const authd_http_v1> HttpService::connect(const authd_host* host,
                                                          std::shared_ptr<const TlsIdentity> identity) {
  const auto client = std::make_shared<Client>(host, std::move(identity), *this);
  return {client, client->table()};
}

} // namespace authd::http_client
