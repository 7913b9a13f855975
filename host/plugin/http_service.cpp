// SPDX-License-Identifier: Apache-2.0
#include "plugin/http_service.h"

#include <algorithm>
#include <array>
#include <exception>
#include <span>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "plugin/connection_pool.h"
#include "plugin/http_answer.h"
#include "plugin/http_url.h"

namespace authd::plugin {
namespace {

constexpr std::uint64_t kDefaultBody = 8 * 1024 * 1024;
constexpr std::uint32_t kDefaultPool = 10;
constexpr std::size_t kReadSize = 16 * 1024;

using Failed = tl::unexpected<SocketFailure>;

std::string_view view(authd_str s) { return s.n == 0 ? std::string_view() : std::string_view(s.p, s.n); }
authd_str as_str(std::string_view s) { return {s.data(), s.size()}; }

// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// RFC 9110, section 5.5, less the tab: a CR or LF would begin a header or a request of its own.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

// What frames the message or routes it is the host's to say.
bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 4> kReserved{"Host", "Connection", "Content-Length",
                                                      "Transfer-Encoding"};
  return std::any_of(kReserved.begin(), kReserved.end(), [&](auto r) { return same_name(r, name); });
}

bool expects_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

void add_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

// The bytes of a request; wiped, because headers and body carry tokens and secrets.
class RequestBytes {
 public:
  ~RequestBytes() { wipe(bytes_.data(), bytes_.size()); }
  std::string_view bytes() const { return bytes_; }

  // What is wrong with the request, or empty.
  std::string_view write(const authd_http_request& r, const HttpUrl& url, bool keep_alive) {
    const std::span headers(r.headers, r.header_count);
    bytes_.reserve(1024 + r.url.n + r.body.n);
    bytes_.append(view(r.method)).append(" ");
    if (url.target.front() == '?') bytes_ += '/';
    bytes_.append(url.target).append(" HTTP/1.1\r\n");
    add_header(bytes_, "Host", url.authority);
    bool names_agent = false;
    for (const authd_http_header& h : headers) {
      const std::string_view name = view(h.name);
      if (!is_token(name) || !is_field_value(view(h.value))) return "malformed header";
      if (is_reserved(name)) return "a header that belongs to the host";
      names_agent = names_agent || same_name(name, "User-Agent");
      add_header(bytes_, name, view(h.value));
    }
    if (!names_agent) add_header(bytes_, "User-Agent", "authd/" AUTHD_VERSION);
    if (!keep_alive) add_header(bytes_, "Connection", "close");
    if (r.body.n > 0 || expects_body(view(r.method))) {
      add_header(bytes_, "Content-Length", std::to_string(r.body.n));
    }
    bytes_ += "\r\n";
    if (r.body.n > 0) bytes_.append(reinterpret_cast<const char*>(r.body.p), r.body.n);
    return {};
  }

 private:
  std::string bytes_;
};

Failed corrupt(std::string what) { return Failed({AUTHD_CORRUPT, std::move(what)}); }

Result<void, SocketFailure> verdict(HttpAnswer::State state) {
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

Result<void, SocketFailure> read_answer(DeadlineSocket& socket, HttpAnswer& answer, const CallClock& clock) {
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

void deliver(const HttpAnswer& answer, authd_http_response* response) {
  response->status = answer.status();
  if (AUTHD_HAS(response, on_header)) {
    for (const AnswerHeader& h : answer.headers()) {
      response->on_header(response->ctx, as_str(h.name), as_str(h.value));
    }
  }
  if (AUTHD_HAS(response, on_body)) {
    const std::string_view body = answer.body();
    response->on_body(response->ctx, {reinterpret_cast<const std::uint8_t*>(body.data()), body.size()});
  }
}

} // namespace

class HttpService::Client {
 public:
  Client(const authd_host* host, TlsContext& tls)
      : table_{{sizeof(authd_http_v1), 0, host, &Client::exchange}, this}, host_(*host), tls_(tls) {}
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
      return self->checked(call, *request, *response);
    } catch (const std::exception& e) {
      return self->fail(call, AUTHD_INTERNAL, e.what());
    } catch (...) {
      return self->fail(call, AUTHD_INTERNAL, "a callback of the response threw");
    }
  }

  authd_status fail(const authd_call* call, authd_status status, std::string_view message) const {
    const authd_error error{sizeof(authd_error), 0, 0, 0, as_str(message)};
    return host_.fail(&host_, call, status, &error);
  }

  authd_status checked(const authd_call* call, const authd_http_request& request,
                       authd_http_response& response) {
    if (request.size < sizeof(authd_http_request) || response.size < offsetof(authd_http_response, ctx)) {
      return fail(call, AUTHD_INVALID, "authd.http/1: a table smaller than its first revision");
    }
    const std::string_view method = view(request.method);
    const auto url = split_url(view(request.url));
    if (!is_token(method) || !url) return fail(call, AUTHD_INVALID, "authd.http/1: malformed method or URL");
    const bool idempotent = (request.flags & AUTHD_HTTP_IDEMPOTENT) != 0;
    RequestBytes bytes;
    if (const auto fault = bytes.write(request, *url, idempotent); !fault.empty()) {
      return fail(call, AUTHD_INVALID, "authd.http/1: " + std::string(fault));
    }
    HttpAnswer answer(method == "HEAD", request.max_body_bytes != 0 ? request.max_body_bytes : kDefaultBody);
    const CallClock clock(host_, call);
    const auto done = idempotent ? send_pooled(request, *url, bytes.bytes(), answer, clock)
                                 : send_alone(request, *url, bytes.bytes(), answer, clock);
    if (!done) {
      return fail(call, done.error().status,
                  std::string(method) + " " + url->display + ": " + done.error().what);
    }
    deliver(answer, &response);
    return AUTHD_OK;
  }

  Result<DeadlineSocket, SocketFailure> open(const authd_http_request& request, const HttpUrl& url,
                                             const CallClock& clock) {
    if (request.connect_timeout_ms == 0) return DeadlineSocket::connect(url.endpoint, clock, tls_);
    return DeadlineSocket::connect(url.endpoint, clock.capped(milliseconds(request.connect_timeout_ms)),
                                   tls_);
  }

  Result<void, SocketFailure> send_alone(const authd_http_request& request, const HttpUrl& url,
                                         std::string_view bytes, HttpAnswer& answer, const CallClock& clock) {
    auto socket = open(request, url, clock);
    if (!socket) return tl::make_unexpected(socket.error());
    return send_over(*socket, bytes, answer, clock);
  }

  Result<void, SocketFailure> send_pooled(const authd_http_request& request, const HttpUrl& url,
                                          std::string_view bytes, HttpAnswer& answer,
                                          const CallClock& clock) {
    const std::string origin = (url.endpoint.tls ? "s:" : "p:") + url.authority;
    if (auto reused = pool_.take(origin, steady_now())) {
      const auto done = send_over(*reused, bytes, answer, clock);
      if (done) keep(origin, std::move(*reused), request, answer);
      const bool was_dead = !done && done.error().status == AUTHD_UNAVAILABLE && !answer.started();
      if (!was_dead) return done;
    }
    auto fresh = open(request, url, clock);
    if (!fresh) return tl::make_unexpected(fresh.error());
    const auto done = send_over(*fresh, bytes, answer, clock);
    if (done) keep(origin, std::move(*fresh), request, answer);
    return done;
  }

  static Result<void, SocketFailure> send_over(DeadlineSocket& socket, std::string_view bytes,
                                               HttpAnswer& answer, const CallClock& clock) {
    if (auto sent = socket.write(bytes, clock); !sent) return sent;
    return read_answer(socket, answer, clock);
  }

  void keep(const std::string& origin, DeadlineSocket socket, const authd_http_request& request,
            const HttpAnswer& answer) {
    if (!answer.reusable()) return;
    pool_.keep(origin, std::move(socket), request.pool_size != 0 ? request.pool_size : kDefaultPool,
               steady_now());
  }

  const Table table_;
  const authd_host& host_;
  TlsContext& tls_;
  ConnectionPool pool_;
};

HttpService::HttpService() = default;
HttpService::~HttpService() = default;

std::shared_ptr<const authd_http_v1> HttpService::connect(const authd_host* host) {
  const auto client = std::make_shared<Client>(host, tls_);
  return {client, client->table()};
}

} // namespace authd::plugin
