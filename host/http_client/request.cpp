// SPDX-License-Identifier: Apache-2.0
#include "http_client/request.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/abi_views.h"
#include "base/secret.h"
#include "base/version.h"
#include "http_client/field.h"

namespace authd::http_client {
namespace {

// What frames the message or routes it is the host's to say.
bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 4> kReserved{"Host", "Connection", "Content-Length", "Transfer-Encoding"};
  return std::any_of(kReserved.begin(), kReserved.end(), [&](auto r) { return same_name(r, name); });
}

bool expects_body(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

void add_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

RetrySettings retry_settings(const authd_http_request& request) {
  RetrySettings settings;
  if (request.max_attempts != 0) settings.max_attempts = request.max_attempts;
  if (request.retry_base_ms != 0) settings.base = milliseconds(request.retry_base_ms);
  return settings;
}

RequestBytes::~RequestBytes() { wipe(bytes_.data(), bytes_.size()); }

std::string_view RequestBytes::write(const authd_http_request& r, const HttpUrl& url, bool keep_alive) {
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
  if (!names_agent) add_header(bytes_, "User-Agent", std::string("authd/").append(kVersion));
  if (!keep_alive) add_header(bytes_, "Connection", "close");
  if (r.body.n > 0 || expects_body(view(r.method))) {
    add_header(bytes_, "Content-Length", std::to_string(r.body.n));
  }
  bytes_ += "\r\n";
  if (r.body.n > 0) bytes_.append(reinterpret_cast<const char*>(r.body.p), r.body.n);
  return {};
}

} // namespace authd::http_client
