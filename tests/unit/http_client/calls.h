// SPDX-License-Identifier: Apache-2.0
// One exchange through the service as a plugin makes it, with a host that records the failure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "authd/http.h"
#include "base/call.h"
#include "base/clock.h"
#include "http_client/service.h"

namespace authd::test {

inline authd_host recording_host() {
  authd_host host{};
  host.size = sizeof host;
  host.fail = [](const authd_host*, const authd_call* call, authd_status status, const authd_error* error) {
    if (call == nullptr) return status;
    const std::string message(error->message.p, error->message.n);
    Call::from_abi(call)->record({to_status(status), 0, milliseconds(0), message});
    return status;
  };
  host.remaining_ms = [](const authd_host*, const authd_call* call) {
    return call != nullptr ? Call::from_abi(call)->remaining_ms() : INT64_MAX;
  };
  return host;
}

struct Outcome {
  authd_status status = AUTHD_INTERNAL;
  int http_status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string message;
  milliseconds took{0};
};

struct Ask {
  std::string url;
  std::string method = "GET";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  bool idempotent = true;
  milliseconds within{5000};
  std::uint32_t connect_timeout_ms = 0;
  std::uint64_t max_body_bytes = 0;
  std::uint32_t pool_size = 0;
  std::uint32_t max_attempts = 1; // of the tests, those of retries say more
  std::uint32_t retry_base_ms = 1;
  milliseconds patience = milliseconds::max(); // of who waits for the result; the deadline if that is earlier
};

class Caller {
 public:
  explicit Caller(net::Resolver resolver = net::resolve_by_system)
      : host_(recording_host()), service_(std::move(resolver)), http_(service_.connect(&host_)) {}

  // What its instance's settings name.
  explicit Caller(std::shared_ptr<const TlsIdentity> identity)
      : host_(recording_host()), http_(service_.connect(&host_, std::move(identity))) {}

  Outcome operator()(const Ask& ask) {
    Call call(steady_now() + ask.within);
    if (ask.patience < ask.within) call.set_patience(steady_now() + ask.patience);
    return run(ask, call);
  }

  // Within the call's own time.
  Outcome run(const Ask& ask, Call& call) {
    std::vector<authd_http_header> headers;
    for (const auto& [name, value] : ask.headers) headers.push_back({str(name), str(value)});
    authd_http_request request{};
    request.size = sizeof request;
    if (ask.idempotent) request.flags = AUTHD_HTTP_IDEMPOTENT;
    request.method = str(ask.method);
    request.url = str(ask.url);
    request.headers = headers.data();
    request.header_count = headers.size();
    request.body = {reinterpret_cast<const std::uint8_t*>(ask.body.data()), ask.body.size()};
    request.pool_size = ask.pool_size;
    request.connect_timeout_ms = ask.connect_timeout_ms;
    request.max_body_bytes = ask.max_body_bytes;
    request.max_attempts = ask.max_attempts;
    request.retry_base_ms = ask.retry_base_ms;
    Outcome out;
    authd_http_response response{sizeof response, 0, &out, on_header, on_body};
    const SteadyTime start = steady_now();
    out.status = http_->exchange(http_.get(), call.abi(), &request, &response);
    out.took = std::chrono::duration_cast<milliseconds>(steady_now() - start);
    out.http_status = response.status;
    if (out.status != AUTHD_OK) out.message = call.take_failure(to_status(out.status)).message;
    return out;
  }

  const authd_http_v1* table() const { return http_.get(); }
  const authd_host& host() const { return host_; }
  void disconnect() { http_.reset(); }
  http_client::HttpService& service() { return service_; }

 private:
  static authd_str str(std::string_view s) { return {s.data(), s.size()}; }
  static void on_header(void* out, authd_str name, authd_str value) {
    static_cast<Outcome*>(out)->headers.emplace_back(std::string(name.p, name.n), std::string(value.p, value.n));
  }
  static void on_body(void* out, authd_bytes body) {
    static_cast<Outcome*>(out)->body.assign(reinterpret_cast<const char*>(body.p), body.n);
  }

  authd_host host_;
  http_client::HttpService service_;
  std::shared_ptr<const authd_http_v1> http_;
};

} // namespace authd::test
