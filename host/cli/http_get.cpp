// SPDX-License-Identifier: Apache-2.0
#include "cli/http_get.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "net/connector.h"

namespace authd::cli {
namespace {

constexpr std::size_t kMostBytes = std::size_t{4} * 1024 * 1024;
constexpr std::string_view kNotHttp = "the answer is not HTTP";

net::Result<std::string> read_all(net::DeadlineSocket& socket, const net::Deadline& deadline) {
  std::string all;
  std::array<char, 16384> bytes;
  for (;;) {
    const auto n = socket.read(bytes, deadline);
    if (!n) return tl::unexpected(n.error());
    if (*n == 0) return all;
    all.append(bytes.data(), *n);
    if (all.size() > kMostBytes) return net::lasting("the answer is too long");
  }
}

net::Result<HttpAnswer> parse(std::string all) {
  constexpr std::string_view kVersion = "HTTP/1.";
  const std::size_t status_at = all.find(' ');
  const std::size_t body_at = all.find("\r\n\r\n");
  if (!all.starts_with(kVersion) || status_at == std::string::npos || body_at == std::string::npos)
    return net::lasting(std::string(kNotHttp));
  HttpAnswer answer;
  const char* digits = all.data() + status_at + 1;
  if (std::from_chars(digits, all.data() + body_at, answer.status).ptr != digits + 3)
    return net::lasting(std::string(kNotHttp));
  answer.body = all.substr(body_at + 4);
  return answer;
}

} // namespace

net::Result<HttpAnswer> http_get(const HttpGet& get, const net::Deadline& deadline) {
  net::Connector connector;
  auto socket = connector.connect(get.to, deadline, deadline.remaining());
  if (!socket) return tl::unexpected(socket.error());
  if (get.tls != nullptr) {
    if (const auto secured = socket->secure(get.to.host, get.tls.get(), deadline); !secured)
      return tl::unexpected(secured.error());
  }
  std::string request = fmt::format("GET {} HTTP/1.0\r\nHost: {}\r\nConnection: close\r\n", get.target, get.to.text());
  for (const auto& [name, value] : get.headers) request += fmt::format("{}: {}\r\n", name, value);
  if (const auto written = socket->write(request + "\r\n", deadline); !written) return tl::unexpected(written.error());
  auto all = read_all(*socket, deadline);
  return all ? parse(std::move(*all)) : tl::unexpected(all.error());
}

} // namespace authd::cli
