// SPDX-License-Identifier: Apache-2.0
#include "endpoints/access_rules.h"

#include <algorithm>
#include <utility>

#include <Poco/Net/IPAddress.h>
#include <Poco/NumberParser.h>

#include "http/field_syntax.h"
#include "http/problem.h"

namespace authd::endpoints {
namespace {

std::string_view without_brackets(std::string_view host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

bool is_address(std::string_view host) {
  Poco::Net::IPAddress ignored;
  return Poco::Net::IPAddress::tryParse(std::string(host), ignored);
}

// RFC 6454, section 7: the scheme and authority of the page. The listener serves no pages, so only a client that means
// well names the listener itself.
bool is_own_origin(std::string_view origin, std::string_view host) {
  constexpr std::string_view kScheme = "http://";
  return origin.starts_with(kScheme) && http::equals_ignoring_case(origin.substr(kScheme.size()), host);
}

bool says_json(std::string_view content_type) {
  const std::string_view media_type = content_type.substr(0, content_type.find(';'));
  return http::equals_ignoring_case(media_type.substr(0, media_type.find_last_not_of(" \t") + 1), "application/json");
}

} // namespace

TrustedPeers::TrustedPeers(const std::vector<std::string>& blocks) {
  for (const std::string& text : blocks) {
    const auto slash = text.find('/');
    const IpAddress network = IpAddress::parse(std::string_view(text).substr(0, slash)).value_or(IpAddress());
    const unsigned prefix =
        slash == std::string::npos ? network.width() : Poco::NumberParser::parseUnsigned(text.substr(slash + 1));
    blocks_.push_back({network, prefix});
  }
}

bool TrustedPeers::contains(const IpAddress& peer) const {
  return blocks_.empty() || std::any_of(blocks_.begin(), blocks_.end(), [&](const Block& block) {
           return peer.shares_prefix(block.network, block.prefix);
         });
}

KnownClients::KnownClients(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries)
    (entry.find('=') != std::string::npos ? subjects_ : alternatives_).push_back(entry);
}

bool KnownClients::contains(const http::CertificateNames& names) const {
  if (std::find(subjects_.begin(), subjects_.end(), names.subject) != subjects_.end()) return true;
  const auto is_listed = [&](const std::string& name) {
    return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const std::string& listed) {
      const bool is_host = name.find_first_of(":@/") == std::string::npos;
      return is_host ? http::equals_ignoring_case(listed, name) : listed == name;
    });
  };
  return std::any_of(names.alternatives.begin(), names.alternatives.end(), is_listed);
}

http::Handler for_trusted(http::Handler handler) {
  return [handler = std::move(handler)](http::Exchange& exchange) {
    if (exchange.request().peer_trusted) return handler(exchange);
    http::respond_problem(exchange,
                          {Code::untrusted_peer, "Only the addresses in security.trusted_gateways may use this", {}});
  };
}

std::string_view host_in(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.rfind(':'));
}

AdminGuard::AdminGuard(std::string_view host) : host_(without_brackets(host)) {}

std::optional<AdminGuard::Objection> AdminGuard::judge(const http::Request& request) const {
  if (!host_) return std::nullopt;
  const auto host = request.header("Host");
  if (host && !is_own_host(*host)) {
    return Objection{403, "Host must be an IP address, localhost or the host in admin.listen"};
  }
  const auto origin = request.header("Origin");
  if (origin && (request.header_count("Origin") > 1 || !is_own_origin(*origin, host.value_or("")))) {
    return Objection{403, "Web pages are not allowed to use the admin listener"};
  }
  const bool json = request.header_count("Content-Type") == 1 && says_json(*request.header("Content-Type"));
  if (!request.body.empty() && !json) return Objection{415, "The body must have Content-Type application/json"};
  return std::nullopt;
}

bool AdminGuard::is_own_host(std::string_view authority) const {
  const std::string_view host = host_in(authority);
  return is_address(host) || http::equals_ignoring_case(host, "localhost") || http::equals_ignoring_case(host, *host_);
}

} // namespace authd::endpoints
