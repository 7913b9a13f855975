// SPDX-License-Identifier: Apache-2.0
#include "endpoints/admin_server.h"

#include <stdexcept>
#include <utility>

#include <Poco/NumberParser.h>

namespace authd::endpoints {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

http::ServerOptions options_for(const std::string& listen) {
  http::ServerOptions options;
  options.reactors = 1;
  options.max_connections = 64;
  options.cors.clear(); // no browser has business here
  if (listen.rfind(kUnixPrefix, 0) == 0) {
    options.unix_socket = listen.substr(kUnixPrefix.size());
    return options;
  }
  const auto colon = listen.rfind(':');
  unsigned port = 0;
  if (colon == std::string::npos || !Poco::NumberParser::tryParseUnsigned(listen.substr(colon + 1), port) ||
      port == 0 || port > 65535) {
    throw std::runtime_error("admin.listen: \"" + listen + "\" is neither unix:/path nor host:port");
  }
  options.host = listen.substr(0, colon);
  options.port = static_cast<std::uint16_t>(port);
  return options;
}

AdminGuard guard_for(const std::string& listen) {
  if (listen.rfind(kUnixPrefix, 0) == 0) return {};
  return AdminGuard(listen.substr(0, listen.rfind(':')));
}

} // namespace

AdminServer::AdminServer(const std::string& listen, AdminActions actions, const config::Telemetry& telemetry, Log& log)
    : access_log_(telemetry, log), endpoints_(std::move(actions), guard_for(listen)) {
  endpoints_.add_to(router_);
  server_ = std::make_unique<http::Server>(options_for(listen), router_, &access_log_, log);
  server_->start();
  log.write(Level::info, "admin-listening", "operations are listened for", {{"server.address", listen}});
}

} // namespace authd::endpoints
