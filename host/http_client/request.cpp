// SPDX-License-Identifier: Apache-2.0
#include "http_client/request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "base/abi_views.h"
#include "base/field_syntax.h"
#include "base/version.h"
#include "secrets/secret.h"

namespace authd::http_client {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

// Visible ASCII that may stand in a request line; a fragment never leaves the client (RFC 9110, 4.1).
bool is_sendable(std::string_view url) {
  return std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

bool is_port(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= 1 && number <= 65535;
}

// "host", "host:port", "[::1]", "[::1]:port".
bool split_authority(std::string_view authority, net::Endpoint& endpoint) {
  std::string_view host = authority;
  std::string_view rest;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return false;
    rest = host.substr(end + 1);
    host = host.substr(1, end - 1);
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    rest = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (host.empty() || (!rest.empty() && (rest[0] != ':' || !is_port(rest.substr(1))))) return false;
  endpoint.host = host;
  if (!rest.empty()) endpoint.port = rest.substr(1);
  return true;
}

// The host sets what frames the message or routes it.
bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 4> kReserved{"Host", "Connection", "Content-Length", "Transfer-Encoding"};
  return std::any_of(kReserved.begin(), kReserved.end(), [&](auto r) { return same_name(r, name); });
}

bool expects_body(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

void add_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

std::optional<Url> split_url(std::string_view url) {
  if (!is_sendable(url)) return std::nullopt;
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string scheme = lower(url.substr(0, colon));
  if (scheme != "http" && scheme != "https") return std::nullopt;

  Url parts;
  const std::string_view rest = url.substr(colon + 3);
  const auto path = std::min(rest.find_first_of("/?"), rest.size());
  parts.tls = scheme == "https";
  parts.endpoint.port = parts.tls ? "443" : "80";
  parts.authority = lower(rest.substr(0, path));
  if (parts.authority.find('@') != std::string::npos) return std::nullopt;
  if (!split_authority(parts.authority, parts.endpoint)) return std::nullopt;
  parts.target = path == rest.size() ? std::string_view("/") : rest.substr(path);
  parts.display = scheme + "://" + parts.authority + std::string(parts.target.substr(0, parts.target.find('?')));
  return parts;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

RetrySettings retry_settings(const authd_http_request& request) {
  RetrySettings settings;
  if (request.max_attempts != 0) settings.max_attempts = request.max_attempts;
  if (request.retry_base_ms != 0) settings.base = milliseconds(request.retry_base_ms);
  return settings;
}

RequestBytes::~RequestBytes() { wipe(bytes_.data(), bytes_.size()); }

void RequestBytes::add_trace(const TraceContext& trace) {
  constexpr std::string_view kName = "traceparent";
  span_at_ = bytes_.size() + kName.size() + 2 + kSpanInTraceParent;
  const TraceParentText text = traceparent_of(trace);
  add_header(bytes_, kName, authd::view(text));
  if (!trace.state.empty()) add_header(bytes_, "tracestate", trace.state);
}

void RequestBytes::set_span(const SpanId& span) {
  if (span_at_ == 0) return;
  const SpanIdText text = hex_of(span);
  std::copy(text.begin(), text.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(span_at_));
}

std::string_view RequestBytes::write(const authd_http_request& r, const Url& url, bool keep_alive,
                                     const TraceContext& trace) {
  const std::span headers(r.headers, r.header_count);
  bytes_.reserve(1024 + r.url.n + r.body.n);
  bytes_.append(view(r.method)).append(" ");
  if (url.target.front() == '?') bytes_ += '/';
  bytes_.append(url.target).append(" HTTP/1.1\r\n");
  add_header(bytes_, "Host", url.authority);
  bool names_agent = false;
  bool names_trace = false;
  for (const authd_http_header& h : headers) {
    const std::string_view name = view(h.name);
    if (!is_token(name) || !is_field_value(view(h.value))) return "malformed header";
    if (is_reserved(name)) return "a header that only the host may set";
    names_agent = names_agent || same_name(name, "User-Agent");
    names_trace = names_trace || same_name(name, "traceparent");
    add_header(bytes_, name, view(h.value));
  }
  if (!names_agent) add_header(bytes_, "User-Agent", std::string("authd/").append(kVersion));
  if (trace && !names_trace) add_trace(trace);
  if (!keep_alive) add_header(bytes_, "Connection", "close");
  if (r.body.n > 0 || expects_body(view(r.method))) {
    add_header(bytes_, "Content-Length", std::to_string(r.body.n));
  }
  bytes_ += "\r\n";
  if (r.body.n > 0) bytes_.append(reinterpret_cast<const char*>(r.body.p), r.body.n);
  return {};
}

} // namespace authd::http_client
