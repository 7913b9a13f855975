// SPDX-License-Identifier: Apache-2.0
// One exchange through the service as a plugin makes it, with a host that records the failure.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "authd/http.h"
#include "base/clock.h"
#include "plugin/http_service.h"

namespace authd::test {

struct CallState {
  SteadyTime deadline = SteadyTime::max();
  std::atomic<bool> withdrawn{false};
  authd_status failed_with = AUTHD_OK;
  std::string message;

  const authd_call* abi() const { return reinterpret_cast<const authd_call*>(this); }
  static CallState& of(const authd_call* call) {
    return *const_cast<CallState*>(reinterpret_cast<const CallState*>(call));
  }
};

inline authd_host recording_host() {
  authd_host host{};
  host.size = sizeof host;
  host.fail = [](const authd_host*, const authd_call* call, authd_status status, const authd_error* error) {
    CallState::of(call).failed_with = status;
    CallState::of(call).message.assign(error->message.p, error->message.n);
    return status;
  };
  host.remaining_ms = [](const authd_host*, const authd_call* call) -> std::int64_t {
    const CallState& state = CallState::of(call);
    if (state.withdrawn) return 0;
    if (state.deadline == SteadyTime::max()) return INT64_MAX;
    const auto left = std::chrono::ceil<milliseconds>(state.deadline - steady_now()).count();
    return left > 0 ? left : 0;
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
};

class Caller {
 public:
  Caller() : host_(recording_host()), http_(service_.connect(&host_)) {}

  Outcome operator()(const Ask& ask) {
    CallState call;
    return run(ask, call);
  }

  Outcome run(const Ask& ask, CallState& call) {
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
    Outcome out;
    authd_http_response response{sizeof response, 0, &out, on_header, on_body};
    const SteadyTime start = steady_now();
    call.deadline = start + ask.within;
    out.status = http_->exchange(http_.get(), call.abi(), &request, &response);
    out.took = std::chrono::duration_cast<milliseconds>(steady_now() - start);
    out.http_status = response.status;
    out.message = call.message;
    return out;
  }

  const authd_http_v1* table() const { return http_.get(); }
  const authd_host& host() const { return host_; }
  void disconnect() { http_.reset(); }
  plugin::HttpService& service() { return service_; }

 private:
  static authd_str str(std::string_view s) { return {s.data(), s.size()}; }
  static void on_header(void* out, authd_str name, authd_str value) {
    static_cast<Outcome*>(out)->headers.emplace_back(std::string(name.p, name.n),
                                                     std::string(value.p, value.n));
  }
  static void on_body(void* out, authd_bytes body) {
    static_cast<Outcome*>(out)->body.assign(reinterpret_cast<const char*>(body.p), body.n);
  }

  authd_host host_;
  plugin::HttpService service_;
  std::shared_ptr<const authd_http_v1> http_;
};

} // namespace authd::test
