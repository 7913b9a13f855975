// SPDX-License-Identifier: Apache-2.0
#include "cli/health_command.h"

#include <csignal>
#include <cstdlib>
#include <iostream>

#include <fmt/format.h>

#include "cli/http_get.h"
#include "cli/loaded_config.h"
#include "net/tls_context.h"

namespace authd::cli {
namespace {

constexpr net::milliseconds kPatience{5000};
constexpr const char* kWantsCertificate =
    "; with server.tls.client_ca it answers only clients that have a certificate, "
    "and this command has none";

// To connect to what is listened on.
std::string reachable(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  return host == "::" || host == "[::]" ? "::1" : host;
}

std::shared_ptr<SSL_CTX> unverified() {
  auto context = net::make_bare_tls_context();
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  return context;
}

} // namespace

int check_health(const std::string& config_file, bool live) {
  const auto config = load(config_file);
  if (!config) return print_problems(config.error());
  std::signal(SIGPIPE, SIG_IGN);
  const config::Server& server = config->server;
  const HttpGet get{.to = {reachable(server.host), std::to_string(server.port)},
                    .target = live ? "/health/live" : "/health/ready",
                    .tls = server.tls.identity != nullptr ? unverified() : nullptr};
  const auto answer = http_get(get, net::Deadline(kPatience));
  if (!answer) {
    std::cerr << fmt::format("no answer from {}: {}{}\n", get.to.text(), answer.error().what,
                             server.tls.client_ca.empty() ? "" : kWantsCertificate);
    return EXIT_FAILURE;
  }
  const bool good = answer->status == 200;
  (good ? std::cout : std::cerr) << answer->body << '\n';
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace authd::cli
