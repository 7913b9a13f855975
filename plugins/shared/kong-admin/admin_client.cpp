// SPDX-License-Identifier: Apache-2.0
#include "kong-admin/admin_client.h"

#include <stdexcept>

#include <Poco/UTF8Encoding.h>

namespace authd::kong_admin {
namespace {

std::size_t scheme_size(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (url.starts_with(scheme)) return scheme.size();
  throw std::invalid_argument("must begin with http:// or https://");
}

bool is_utf8(std::string_view text) {
  const Poco::UTF8Encoding encoding;
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  for (std::size_t left = text.size(); left > 0;) {
    const int size = encoding.sequenceLength(at, 1);
    if (size < 1 || static_cast<std::size_t>(size) > left || !Poco::UTF8Encoding::isLegal(at, size)) return false;
    at += size;
    left -= static_cast<std::size_t>(size);
  }
  return true;
}

} // namespace

std::string admin_url_of(const sdk::Config& config, sdk::Call& call) {
  try {
    return admin_base(config.required_string("/admin_url"));
  } catch (const std::invalid_argument& why) {
    (void)call.refuse("/admin_url", why.what());
    return {};
  }
}

Secret admin_token_of(const sdk::Config& config, sdk::Call& call) {
  constexpr std::string_view kBearer = "bearer ";
  std::string_view token = config.string("/admin_token");
  const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a + ('a' - 'A') == b); };
  if (token.size() >= kBearer.size() &&
      std::equal(kBearer.begin(), kBearer.end(), token.begin(), [&](char b, char a) { return same(a, b); }))
    token.remove_prefix(kBearer.size());
  if (!is_visible(token)) {
    (void)call.refuse("/admin_token", "must be visible ASCII without blanks");
    return Secret(std::string());
  }
  return Secret(std::string(token));
}

std::vector<std::string> tags_of(const sdk::Config& config, sdk::Call& call) {
  if (!config.has("/tags")) return {"authd"};
  std::vector<std::string> tags;
  for (const std::string_view tag : config.strings("/tags")) {
    if (const auto fault = fault_of_tag(tag)) (void)call.refuse("/tags/" + std::to_string(tags.size()), *fault);
    tags.emplace_back(tag);
  }
  return tags;
}

std::string admin_base(std::string_view url) {
  const auto rest = url.substr(scheme_size(url));
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.empty() || authority.front() == ':') throw std::invalid_argument("must name a host");
  if (authority.find('@') != std::string_view::npos)
    throw std::invalid_argument("must not hold a user or password; use admin_token");
  if (rest.find_first_of("?#") != std::string_view::npos)
    throw std::invalid_argument("must not have a query or fragment");
  if (!is_visible(url)) throw std::invalid_argument("must be visible ASCII without blanks");
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

std::optional<std::string> fault_of_tag(std::string_view tag) {
  const auto is_control = [](unsigned char c) { return c < ' ' || c == 0x7f; };
  if (tag.empty()) return "must not be empty";
  if (tag.find_first_of(",/") != std::string_view::npos)
    return "contains a comma or a slash, which Kong does not accept in a tag";
  if (std::any_of(tag.begin(), tag.end(), is_control) || !is_utf8(tag))
    return "is not printable UTF-8, which Kong requires of a tag";
  return std::nullopt;
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

AdminClient::AdminClient(const sdk::Host& host, const sdk::Config& config, std::string header, Secret token)
    : http_(host), header_(std::move(header)), token_(std::move(token)),
      pool_size_(static_cast<std::uint32_t>(config.integer("/pool_size", 10))),
      connect_timeout_(config.duration("/connect_timeout", sdk::milliseconds(5000))),
      max_attempts_(static_cast<std::uint32_t>(config.integer("/max_attempts", 2))),
      retry_base_(config.duration("/retry_base", sdk::milliseconds(100))) {}

sdk::Result<sdk::HttpResponse> AdminClient::send(sdk::Call& call, std::string_view method, const std::string& url,
                                                 std::string_view body) const {
  sdk::HttpRequest request{.method = method, .url = url, .body = body};
  request.headers.emplace_back("Accept", "application/json");
  if (!token_.reveal().empty()) request.headers.emplace_back(header_, token_.reveal());
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.idempotent = method != "POST";
  request.pool_size = pool_size_;
  request.connect_timeout = connect_timeout_;
  request.max_attempts = max_attempts_;
  request.retry_base = retry_base_;
  return http_.exchange(call, request);
}

} // namespace authd::kong_admin
