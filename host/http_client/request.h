// SPDX-License-Identifier: Apache-2.0
// A plugin's request: its URL, its header fields, the bytes that are sent, and the defaults of what it leaves out.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "authd/http.h"
#include "base/trace_context.h"
#include "http_client/retry_policy.h"
#include "net/address.h"

namespace authd::http_client {

struct Url {
  net::Endpoint endpoint;
  bool tls = false;        // https
  std::string authority;   // for the Host header: as given, in lower case
  std::string_view target; // path and query, byte for byte; "/" when there is none
  std::string display;     // for messages: no query
};

// Splits an absolute URL without touching its path: Poco::URI decodes and normalises, and "..%2f" must
// reach the gateway as "..%2f", where it is refused, instead of as another path.
// nullopt: not http or https, user information in it (credentials belong into a header), a fragment, a
// blank, a control character or a bad port. `target` views `url`.
std::optional<Url> split_url(std::string_view url);

// Ignores case.
bool same_name(std::string_view a, std::string_view b);

// The host's defaults where the plugin says nothing or was built before it could.
RetrySettings retry_settings(const authd_http_request& request);

// Wiped at the end, because headers and body carry tokens and secrets.
class RequestBytes {
 public:
  RequestBytes() = default;
  ~RequestBytes();
  RequestBytes(const RequestBytes&) = delete;
  RequestBytes& operator=(const RequestBytes&) = delete;

  // What is wrong with the request, or empty. Method and URL have been checked before. In a trace the request has
  // traceparent and tracestate, unless the plugin sends a traceparent of its own.
  std::string_view write(const authd_http_request& request, const Url& url, bool keep_alive,
                         const TraceContext& trace = {});
  std::string_view bytes() const { return bytes_; }
  // The span that traceparent names from now on: each attempt has its own.
  void set_span(const SpanId& span);

 private:
  void add_trace(const TraceContext& trace);

  std::string bytes_;
  std::size_t span_at_ = 0; // in traceparent; 0: it has none of ours
};

} // namespace authd::http_client
