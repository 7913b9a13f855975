// SPDX-License-Identifier: Apache-2.0
#include "telemetry/otlp/sender.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include <Poco/URI.h>
#include <fmt/format.h>

#include "base/abi_views.h"
#include "base/call.h"
#include "http_client/request.h"
#include "http_client/retry_policy.h"
#include "telemetry/otlp/answer.h"
#include "telemetry/shown.h"

namespace authd::telemetry::otlp {
namespace {

using Verdict = Answered::Verdict;

// The little of a host that the HTTP service asks of one: exchanges are made for a plugin or, here, for the host
// itself.
authd_host host_of_exports() {
  authd_host host{};
  host.size = sizeof host;
  host.fail = [](const authd_host*, const authd_call* call, authd_status status,
                 const authd_error* error) noexcept -> authd_status {
    try {
      Call::from_abi(call)->record({to_status(status), 0, milliseconds(0), std::string(view(error->message))});
    } catch (...) { // out of memory: the message is lost
    }
    return status;
  };
  host.remaining_ms = [](const authd_host*, const authd_call* call) noexcept {
    return Call::from_abi(call)->remaining_ms();
  };
  return host;
}

struct Reply {
  std::string retry_after;
  std::string body;

  static void on_header(void* reply, authd_str name, authd_str value) noexcept {
    if (http_client::same_name(view(name), "Retry-After")) static_cast<Reply*>(reply)->retry_after = view(value);
  }
  static void on_body(void* reply, authd_bytes body) noexcept {
    static_cast<Reply*>(reply)->body.assign(reinterpret_cast<const char*>(body.p), body.n);
  }
};

bool is_worth_another(int status) { return status == 429 || (status >= 502 && status <= 504); }

// Scheme, host and path: a query may hold a key.
std::string shown(const std::string& url) {
  const auto parts = http_client::split_url(url);
  return parts ? parts->display : std::string("the endpoint");
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

// What a key in the URL would be seen as, longest first: the query, its values, and these decoded.
std::vector<std::string> secrets_in_query(const std::string& url) {
  constexpr std::size_t kShortestSecret = 4; // what is shorter is none, and stands in any text
  std::vector<std::string> all;
  const auto begin = url.find('?');
  if (begin == std::string::npos) return all;
  const Poco::URI uri(url);
  all.push_back(url.substr(begin + 1));
  for (const auto& [name, value] : uri.getQueryParameters()) {
    all.push_back(value);
    std::string encoded;
    Poco::URI::encode(value, "+&=/?#", encoded);
    all.push_back(std::move(encoded));
  }
  std::erase_if(all, [](const std::string& one) { return one.size() < kShortestSecret; });
  std::ranges::sort(all, std::greater(), &std::string::size);
  return all;
}

} // namespace

Sender::Sender(Signal signal, std::string url, std::vector<config::OtlpHeader> headers,
               http_client::HttpService& exchanges, std::shared_ptr<const TlsIdentity> identity)
    : signal_(signal), url_(std::move(url)), headers_(std::move(headers)), host_(host_of_exports()),
      http_(exchanges.connect(&host_, std::move(identity))) {}

Answered Sender::post(std::string_view gzipped, SteadyTime deadline) {
  std::vector<authd_http_header> headers{{to_abi("Content-Type"), to_abi("application/json")},
                                         {to_abi("Content-Encoding"), to_abi("gzip")}};
  for (const config::OtlpHeader& h : headers_) headers.push_back({to_abi(h.name), to_abi(h.value.reveal())});
  authd_http_request request{};
  request.size = sizeof request;
  // The lane that sends repeats what failed; idempotent means here that the connection is kept, and that a connection
  // which the collector closed meanwhile costs no attempt.
  request.flags = AUTHD_HTTP_IDEMPOTENT;
  request.max_attempts = 1;
  request.pool_size = 1;
  request.method = to_abi("POST");
  request.url = to_abi(url_);
  request.headers = headers.data();
  request.header_count = headers.size();
  request.body = to_bytes(gzipped);
  request.max_body_bytes = kMostAnswerBytes;
  Reply reply;
  authd_http_response response{sizeof response, 0, &reply, Reply::on_header, Reply::on_body};
  Call call(deadline);
  const authd_status status = http_->exchange(http_.get(), call.abi(), &request, &response);
  if (status == AUTHD_OK) return judge(response.status, reply.retry_after, reply.body);
  const bool passes = status == AUTHD_UNAVAILABLE || status == AUTHD_TIMEOUT || status == AUTHD_CANCELLED;
  return {passes ? Verdict::again : Verdict::garbled, 0, std::nullopt,
          without_secrets(call.take_failure(to_status(status)).message)};
}

Answered Sender::judge(int status, std::string_view retry_after, std::string_view body) const {
  if (status >= 200 && status < 300) return judge_success(status, body);
  std::string error = fmt::format("POST {}: answered {}", shown(url_), status);
  if (status >= 300 && status < 400) error += "; redirects are not followed";
  if (const std::string message = read_status_message(body); !message.empty()) error += ": " + message;
  error = without_secrets(std::move(error));
  if (!is_worth_another(status)) return {Verdict::rejected, 0, std::nullopt, std::move(error)};
  return {Verdict::again, 0, http_client::parse_retry_after(retry_after, wall_now()), std::move(error)};
}

Answered Sender::judge_success(int status, std::string_view body) const {
  const auto success = read_success(signal_, body);
  if (!success) {
    return {Verdict::garbled, 0, std::nullopt,
            fmt::format("POST {}: answered {} without an answer of OTLP; is it a collector?", shown(url_), status)};
  }
  Answered answered{success->rejected > 0 ? Verdict::partial : Verdict::accepted, success->rejected};
  if (!success->message.empty() || success->rejected > 0)
    answered.error =
        without_secrets(fmt::format("POST {}: {} rejected: {}", shown(url_), success->rejected, success->message));
  return answered;
}

// A server may repeat what it was sent.
std::string Sender::without_secrets(std::string text) const {
  for (const std::string& secret : secrets_in_query(url_)) replace_all(text, secret, "[redacted]");
  for (const config::OtlpHeader& header : headers_) {
    const std::string_view value = header.value.reveal();
    if (value.empty()) continue;
    replace_all(text, value, "[redacted]");
    // "Bearer <token>": the token alone is as secret.
    if (const auto blank = value.rfind(' '); blank != std::string_view::npos && blank + 1 < value.size())
      replace_all(text, value.substr(blank + 1), "[redacted]");
  }
  text.resize(cut(text, kMessageBytes).size());
  return text;
}

} // namespace authd::telemetry::otlp
