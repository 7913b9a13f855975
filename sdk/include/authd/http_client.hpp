// SPDX-License-Identifier: Apache-2.0
// HTTP through the host's "authd.http/1", which owns pooling, TLS verification and the deadline.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "authd/http.h"
#include "authd/views.hpp"

namespace authd::sdk {

struct HttpRequest {
  std::string_view method = "GET";
  std::string_view url = {}; // absolute; encode what goes into its path, it is sent as it stands
  std::vector<std::pair<std::string_view, std::string_view>> headers = {};
  std::string_view body = {};
  bool idempotent = false;          // the host may send it more than once (authd/http.h)
  std::uint32_t pool_size = 0;      // most connections kept to this origin; 0: 10
  milliseconds connect_timeout{0};  // 0: what is left of the call
  std::uint64_t max_body_bytes = 0; // 0: 8 MiB
  std::uint32_t max_attempts = 0;   // of an idempotent request, in all; 0: 2
  milliseconds retry_base{0};       // the n-th retry waits up to retry_base * 2^(n-1); 0: 100 ms
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers; // in order of arrival

  // The first header of that name (names are compared without case), empty if there is none.
  std::string_view header(std::string_view name) const {
    for (const auto& [n, v] : headers)
      if (same_name(n, name)) return v;
    return {};
  }

 private:
  static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
  static bool same_name(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
      if (lower(a[i]) != lower(b[i])) return false;
    return true;
  }
};

class HttpClient {
 public:
  // A component that uses it names AUTHD_HTTP_V1 in its `needs`, so that the host checked for it.
  explicit HttpClient(const Host& host) : http_(host.service<authd_http_v1>(AUTHD_HTTP_V1)) {
    if (!AUTHD_HAS(http_, exchange)) throw std::runtime_error("this host has no " AUTHD_HTTP_V1);
  }

  // Whatever status the server answered is a value; no answer is a failure, already recorded on the call.
  Result<HttpResponse> exchange(Call& call, const HttpRequest& request) const {
    std::vector<authd_http_header> headers;
    headers.reserve(request.headers.size());
    for (const auto& [name, value] : request.headers) headers.push_back({raw(name), raw(value)});

    authd_http_request wire{};
    wire.size = sizeof wire;
    wire.flags = request.idempotent ? static_cast<std::uint32_t>(AUTHD_HTTP_IDEMPOTENT) : 0u;
    wire.method = raw(request.method);
    wire.url = raw(request.url);
    wire.headers = headers.data();
    wire.header_count = headers.size();
    wire.body = raw_bytes(request.body);
    wire.pool_size = request.pool_size;
    wire.connect_timeout_ms = static_cast<std::uint32_t>(request.connect_timeout.count());
    wire.max_body_bytes = request.max_body_bytes;
    wire.max_attempts = request.max_attempts;
    wire.retry_base_ms = static_cast<std::uint32_t>(request.retry_base.count());

    Collector collector;
    authd_http_response answer{sizeof answer, 0, &collector, &Collector::on_header, &Collector::on_body};
    const auto status = static_cast<Status>(http_->exchange(http_, call.abi(), &wire, &answer));
    if (status != Status::ok) return status;
    if (collector.out_of_memory) return call.fail(Status::internal, "no memory for the answer");
    collector.response.status = answer.status;
    return std::move(collector.response);
  }

 private:
  struct Collector {
    HttpResponse response;
    bool out_of_memory = false;

    static void on_header(void* ctx, authd_str name, authd_str value) noexcept {
      auto& self = *static_cast<Collector*>(ctx);
      try {
        self.response.headers.emplace_back(view(name), view(value));
      } catch (...) {
        self.out_of_memory = true;
      }
    }
    static void on_body(void* ctx, authd_bytes body) noexcept {
      auto& self = *static_cast<Collector*>(ctx);
      try {
        self.response.body = view(body);
      } catch (...) {
        self.out_of_memory = true;
      }
    }
  };

  const authd_http_v1* http_;
};

} // namespace authd::sdk
