// SPDX-License-Identifier: Apache-2.0
#include "support/http_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace authd::test {
namespace {

using Clock = std::chrono::steady_clock;

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

int left_ms(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

bool await(int fd, short events, Clock::time_point deadline) {
  pollfd p{fd, events, 0};
  for (;;) {
    const int n = ::poll(&p, 1, left_ms(deadline));
    if (n >= 0) return n > 0;
    if (errno != EINTR) return false;
  }
}

HttpReply parse_head(std::string_view head) {
  HttpReply reply;
  auto end = head.find("\r\n");
  reply.status = std::stoi(std::string(head.substr(head.find(' ') + 1, 3)));
  while (end != std::string_view::npos) {
    head.remove_prefix(end + 2);
    end = head.find("\r\n");
    const std::string_view field = head.substr(0, end);
    const auto colon = field.find(": ");
    if (colon == std::string_view::npos) throw std::runtime_error("not a header: " + std::string(field));
    reply.headers.emplace_back(field.substr(0, colon), field.substr(colon + 2));
  }
  return reply;
}

std::size_t body_length(const HttpReply& reply, bool head) {
  if (head || reply.status < 200 || reply.status == 204 || reply.status == 304) return 0;
  const std::string length = reply.header("Content-Length");
  if (length.empty()) throw std::runtime_error("an answer without Content-Length");
  return std::stoul(length);
}

} // namespace

std::string HttpReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

std::size_t HttpReply::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(), [&](const auto& h) { return same_name(h.first, name); }));
}

std::optional<HttpReply> take_reply(std::string& received, bool head) {
  const std::size_t end = received.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  HttpReply reply = parse_head(std::string_view(received).substr(0, end));
  const std::size_t length = body_length(reply, head);
  if (received.size() < end + 4 + length) return std::nullopt;
  reply.body = received.substr(end + 4, length);
  received.erase(0, end + 4 + length);
  return reply;
}

HttpConnection::HttpConnection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connect(&address, sizeof address);
}

HttpConnection::HttpConnection(const std::string& unix_socket) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  unix_socket.copy(address.sun_path, sizeof address.sun_path - 1);
  connect(&address, sizeof address);
}

void HttpConnection::connect(const void* address, std::size_t size) {
  if (::connect(fd_, static_cast<const sockaddr*>(address), static_cast<socklen_t>(size)) == 0) return;
  const int error = errno;
  ::close(fd_);
  throw std::system_error(error, std::system_category(), "connect");
}

HttpConnection::~HttpConnection() {
  if (fd_ >= 0) ::close(fd_);
}

HttpConnection::HttpConnection(HttpConnection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)), sent_(other.sent_) {}

HttpConnection& HttpConnection::operator=(HttpConnection&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(buffer_, other.buffer_);
  std::swap(sent_, other.sent_);
  return *this;
}

bool HttpConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  sent_ = Clock::now();
  return true;
}

std::size_t HttpConnection::send_some(std::string_view bytes) {
  const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

void HttpConnection::shut_down_sending() { ::shutdown(fd_, SHUT_WR); }

bool HttpConnection::fill(Clock::time_point deadline) {
  if (!await(fd_, POLLIN, deadline)) return false;
  std::array<char, 65536> bytes;
  const ssize_t n = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (n <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(n));
  return true;
}

std::optional<HttpReply> HttpConnection::read(milliseconds at_most, bool head) {
  const auto deadline = Clock::now() + at_most;
  std::optional<HttpReply> reply;
  while (!(reply = take_reply(buffer_, head))) {
    if (!fill(deadline)) return std::nullopt;
  }
  reply->took = std::chrono::duration_cast<milliseconds>(Clock::now() - sent_);
  return reply;
}

Ending HttpConnection::await_end(milliseconds at_most) {
  const auto deadline = Clock::now() + at_most;
  std::array<char, 65536> bytes;
  while (await(fd_, POLLIN, deadline)) {
    const ssize_t n = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (n > 0) continue;
    if (n < 0) return Ending::reset;
    // After a FIN: a reset follows at once when the peer's kernel still got bytes for the closed socket.
    pollfd p{fd_, 0, 0};
    return ::poll(&p, 1, 200) > 0 && (p.revents & POLLERR) != 0 ? Ending::reset : Ending::closed;
  }
  return Ending::open;
}

std::string request_text(std::string_view method, std::string_view target, const Headers& headers,
                         std::string_view body) {
  std::string out = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: authd.test\r\n";
  for (const auto& [name, value] : headers) out += name + ": " + value + "\r\n";
  if (!body.empty()) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return out + "\r\n" + std::string(body);
}

HttpReply fetch(std::uint16_t port, std::string_view method, std::string_view target, const Headers& headers,
                std::string_view body) {
  HttpConnection connection(port);
  connection.send(request_text(method, target, headers, body));
  const auto reply = connection.read(std::chrono::seconds(20), method == "HEAD");
  if (!reply) throw std::runtime_error("no answer to " + std::string(method) + " " + std::string(target));
  return *reply;
}

} // namespace authd::test
