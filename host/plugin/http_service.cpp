// SPDX-License-Identifier: Apache-2.0
#include "plugin/http_service.h"

#include <array>
#include <exception>
#include <limits>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/secret.h"
#include "plugin/abi_views.h"
#include "plugin/call.h"
#include "plugin/connection_pool.h"
#include "plugin/frozen_sizes.h"
#include "plugin/http_answer.h"
#include "plugin/http_field.h"
#include "plugin/http_request.h"
#include "plugin/http_url.h"
#include "plugin/retry_policy.h"

namespace authd::plugin {
namespace {

constexpr std::uint64_t kDefaultBody = 8 * 1024 * 1024;
constexpr std::uint32_t kDefaultPool = 10;
constexpr std::size_t kReadSize = 16 * 1024;

using Failed = tl::unexpected<SocketFailure>;
using Done = Result<void, SocketFailure>;

// One exchange, however often it is attempted.
struct Exchange {
  const authd_http_request& request;
  const HttpUrl& url;
  std::string_view bytes;
  bool idempotent;
  CallClock clock;
};

struct Attempt {
  Done done;
  bool reused; // the connection came from the pool
};

// Uniform in [0, 1). [thread-safe]
class Dice {
 public:
  double roll() {
    const std::lock_guard lock(mutex_);
    return std::uniform_real_distribution<>(0, 1)(engine_);
  }

 private:
  std::mutex mutex_;
  std::minstd_rand engine_{std::random_device()()};
};

Failed corrupt(std::string what) { return Failed({AUTHD_CORRUPT, std::move(what)}); }

Done verdict(HttpAnswer::State state) {
  switch (state) {
  case HttpAnswer::State::complete:
    return {};
  case HttpAnswer::State::malformed:
    return corrupt("the answer is not HTTP/1.1");
  case HttpAnswer::State::too_long:
    return corrupt("the answer is longer than allowed");
  case HttpAnswer::State::incomplete:
    break;
  }
  return Failed({AUTHD_UNAVAILABLE, "the connection was closed before the answer was whole"});
}

Done read_answer(DeadlineSocket& socket, HttpAnswer& answer, const CallClock& clock) {
  std::array<char, kReadSize> buffer;
  for (;;) {
    const auto n = socket.read(buffer, clock);
    if (!n) return tl::make_unexpected(n.error());
    if (*n == 0) return verdict(answer.finish());
    const auto state = answer.feed({buffer.data(), *n});
    wipe(buffer.data(), *n);
    if (state != HttpAnswer::State::incomplete) return verdict(state);
  }
}

AttemptEnd end_of(const Attempt& attempt, const HttpAnswer& answer) {
  using How = AttemptEnd::How;
  if (attempt.done) {
    return {How::answered, answer.status(), parse_retry_after(answer.header("Retry-After"), wall_now())};
  }
  const SocketFailure& failure = attempt.done.error();
  // A timeout is one of connecting, or else of the whole call, for which then nobody waits any more.
  const bool may_pass = failure.status == AUTHD_UNAVAILABLE || failure.status == AUTHD_TIMEOUT;
  if (answer.started() || failure.lasting || !may_pass) return {How::lost};
  return {attempt.reused ? How::dead_connection : How::no_answer};
}

std::int64_t patience_ms(const authd_call* call) {
  return call != nullptr ? Call::from_abi(call)->patience_ms() : std::numeric_limits<std::int64_t>::max();
}

void deliver(const HttpAnswer& answer, authd_http_response* response) {
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
  Client(const authd_host* host, TlsContext& tls, const Interrupt& interrupt)
      : table_{{sizeof(authd_http_v1), 0, host, &Client::exchange}, this}, host_(*host), tls_(tls),
        interrupt_(interrupt) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  const authd_http_v1* table() const { return &table_; }

 private:
  // What a plugin holds a pointer to, and how that pointer leads back here.
  struct Table : authd_http_v1 {
    Client* client;
  };

  static authd_status exchange(const authd_http_v1* table, const authd_call* call,
                               const authd_http_request* request, authd_http_response* response) {
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

  authd_status checked(const authd_call* call, const authd_http_request* given,
                       authd_http_response* response) {
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
    if (const auto fault = bytes.write(request, *url, idempotent); !fault.empty()) {
      return fail(call, AUTHD_INTERNAL, fmt::format("authd.http/1: {}", fault));
    }
    return carry_out({request, *url, bytes.bytes(), idempotent, CallClock(host_, call, interrupt_)}, call,
                     *response);
  }

  authd_status carry_out(const Exchange& exchange, const authd_call* call, authd_http_response& response) {
    RetryPolicy policy(retry_settings(exchange.request), exchange.idempotent, budget_, chance_);
    std::optional<HttpAnswer> answer;
    if (const Done done = attempt_until_settled(exchange, call, policy, answer); !done) {
      const std::string again =
          policy.attempts() > 1 ? fmt::format(" ({} attempts)", policy.attempts()) : std::string();
      return fail(call, done.error().status,
                  fmt::format("{} {}: {}{}", view(exchange.request.method), exchange.url.display,
                              done.error().what, again));
    }
    deliver(*answer, &response);
    return AUTHD_OK;
  }

  Done attempt_until_settled(const Exchange& exchange, const authd_call* call, RetryPolicy& policy,
                             std::optional<HttpAnswer>& answer) {
    const auto max_body =
        exchange.request.max_body_bytes != 0 ? exchange.request.max_body_bytes : kDefaultBody;
    for (bool may_reuse = exchange.idempotent;;) {
      answer.emplace(view(exchange.request.method) == "HEAD", max_body);
      const Attempt attempt = make_attempt(exchange, may_reuse, *answer);
      const auto wait = policy.wait_before_next(end_of(attempt, *answer), patience_ms(call));
      if (!wait) return attempt.done;
      // Where one pooled connection was dead the others are likely to be.
      may_reuse = may_reuse && attempt.done.has_value();
      if (auto waited = exchange.clock.pause(*wait); !waited) return waited;
    }
  }

  Attempt make_attempt(const Exchange& exchange, bool may_reuse, HttpAnswer& answer) {
    const std::string origin = (exchange.url.endpoint.tls ? "s:" : "p:") + exchange.url.authority;
    if (may_reuse) {
      if (auto reused = pool_.take(origin, steady_now())) {
        return {send_over(std::move(*reused), origin, exchange, answer), true};
      }
    }
    auto fresh = open(exchange);
    if (!fresh) return {tl::make_unexpected(fresh.error()), false};
    return {send_over(std::move(*fresh), origin, exchange, answer), false};
  }

  Result<DeadlineSocket, SocketFailure> open(const Exchange& exchange) {
    const milliseconds at_most(exchange.request.connect_timeout_ms);
    const CallClock& clock = exchange.clock;
    return DeadlineSocket::connect(exchange.url.endpoint,
                                   at_most.count() == 0 ? clock : clock.capped(at_most), tls_);
  }

  Done send_over(DeadlineSocket socket, const std::string& origin, const Exchange& exchange,
                 HttpAnswer& answer) {
    if (auto sent = socket.write(exchange.bytes, exchange.clock); !sent) return sent;
    if (auto read = read_answer(socket, answer, exchange.clock); !read) return read;
    if (exchange.idempotent && answer.reusable()) {
      const std::uint32_t most = exchange.request.pool_size != 0 ? exchange.request.pool_size : kDefaultPool;
      pool_.keep(origin, std::move(socket), most, steady_now());
    }
    return {};
  }

  const Table table_;
  const authd_host& host_;
  TlsContext& tls_;
  const Interrupt& interrupt_;
  ConnectionPool pool_;
  RetryBudget budget_;
  Dice dice_;
  const RetryPolicy::Chance chance_ = [this] { return dice_.roll(); };
};

HttpService::HttpService() = default;
HttpService::~HttpService() = default;

std::shared_ptr<const authd_http_v1> HttpService::connect(const authd_host* host) {
  const auto client = std::make_shared<Client>(host, tls_, interrupt_);
  return {client, client->table()};
}

} // namespace authd::plugin
