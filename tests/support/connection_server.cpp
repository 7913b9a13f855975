// SPDX-License-Identifier: Apache-2.0
#include "support/connection_server.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

namespace authd::test {
namespace {

constexpr milliseconds kForever{24 * 3600 * 1000};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

ReceivedRequest parse_head(std::string_view head) {
  ReceivedRequest request;
  auto end = head.find("\r\n");
  const std::string_view line = head.substr(0, end);
  const auto blank = line.find(' ');
  request.method = line.substr(0, blank);
  request.target = line.substr(blank + 1, line.rfind(' ') - blank - 1);
  while (end != std::string_view::npos) {
    head.remove_prefix(end + 2);
    end = head.find("\r\n");
    const std::string_view field = head.substr(0, end);
    const auto colon = field.find(':');
    if (colon == std::string_view::npos) continue;
    request.headers.emplace_back(field.substr(0, colon), trimmed(field.substr(colon + 1)));
  }
  return request;
}

} // namespace

std::optional<std::string> ReceivedRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key.size() == name.size() && strncasecmp(key.data(), name.data(), name.size()) == 0) return value;
  }
  return std::nullopt;
}

bool Peer::await(short events, milliseconds at_most) {
  std::array<pollfd, 2> fds{{{fd_, events, 0}, {stop_fd_, POLLIN, 0}}};
  for (;;) {
    const int n = ::poll(fds.data(), fds.size(), static_cast<int>(at_most.count()));
    if (n < 0 && errno == EINTR) continue;
    return n > 0 && fds[1].revents == 0;
  }
}

bool Peer::await_tls(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
  case SSL_ERROR_WANT_READ:
    return await(POLLIN, kForever);
  case SSL_ERROR_WANT_WRITE:
    return await(POLLOUT, kForever);
  default:
    return false;
  }
}

bool Peer::secure(SSL_CTX* context) {
  ::fcntl(fd_, F_SETFL, O_NONBLOCK); // or the end of the server would wait for a client that says nothing
  ssl_.reset(SSL_new(context));
  SSL_set_fd(ssl_.get(), fd_);
  for (int result = 0;;) {
    ERR_clear_error();
    if ((result = SSL_accept(ssl_.get())) == 1) return true;
    if (!await_tls(result)) break;
  }
  ::shutdown(fd_, SHUT_WR); // a reset could overtake the alert, which says why
  hang();
  return false;
}

long Peer::client_serial() const {
  const X509* shown = ssl_ ? SSL_get0_peer_certificate(ssl_.get()) : nullptr;
  return shown != nullptr ? ASN1_INTEGER_get(X509_get0_serialNumber(shown)) : 0;
}

std::ptrdiff_t Peer::receive(char* into, std::size_t size) {
  if (!ssl_) return await(POLLIN, kForever) ? ::recv(fd_, into, size, 0) : 0;
  for (;;) {
    ERR_clear_error();
    const int n = SSL_read(ssl_.get(), into, static_cast<int>(size));
    if (n > 0 || !await_tls(n)) return n;
  }
}

// Negative with errno EAGAIN: not now.
std::ptrdiff_t Peer::send_some(std::string_view bytes) {
  if (!ssl_) return await(POLLOUT, kForever) ? ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
  for (;;) {
    ERR_clear_error();
    const int n = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (n > 0) return n;
    if (!await_tls(n)) return 0;
  }
}

bool Peer::fill() {
  std::array<char, 16384> bytes;
  const std::ptrdiff_t n = receive(bytes.data(), bytes.size());
  if (n <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(n));
  return true;
}

std::optional<ReceivedRequest> Peer::read_request() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  ReceivedRequest request = parse_head(std::string_view(buffer_).substr(0, end));
  std::size_t length = 0;
  if (const auto announced = request.header("Content-Length")) {
    std::from_chars(announced->data(), announced->data() + announced->size(), length);
  }
  while (buffer_.size() < end + 4 + length) {
    if (!fill()) return std::nullopt;
  }
  request.body = buffer_.substr(end + 4, length);
  buffer_.erase(0, end + 4 + length);
  return request;
}

bool Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::ptrdiff_t n = send_some(bytes);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return false;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool Peer::drip(std::string_view bytes, milliseconds every) {
  for (const char c : bytes) {
    if (!send({&c, 1}) || !wait(every)) return false;
  }
  return true;
}

void Peer::hang() {
  std::array<char, 4096> ignored;
  while (await(POLLIN, kForever) && ::recv(fd_, ignored.data(), ignored.size(), 0) > 0) {
  }
}

bool Peer::wait(milliseconds duration) {
  pollfd stop{stop_fd_, POLLIN, 0};
  return ::poll(&stop, 1, static_cast<int>(duration.count())) == 0;
}

void Peer::reset() {
  // Bytes of ours that are still on their way would be lost with the reset: none are sent before one.
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

ConnectionServer::ConnectionServer(Serve serve, std::uint16_t port) : serve_(std::move(serve)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 1024) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    throw std::system_error(errno, std::system_category(), "listen on loopback");
  }
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_all(); });
}

ConnectionServer::~ConnectionServer() {
  const std::uint64_t one = 1;
  // Never read again, so that it stays readable for every thread that polls it.
  [[maybe_unused]] const ssize_t n = ::write(stop_, &one, sizeof one);
  accepting_.join();
  for (Connection& connection : connections_) connection.thread.join();
  ::close(listener_);
  ::close(stop_);
}

void ConnectionServer::accept_all() {
  for (;;) {
    std::array<pollfd, 2> fds{{{listener_, POLLIN, 0}, {stop_, POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[1].revents != 0) return;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    reap();
    Connection& connection = connections_.emplace_back();
    connection.thread = std::thread([this, fd, number = accepted_++, &connection] {
      Peer peer(fd, stop_, number);
      serve_(peer);
      ::close(fd);
      connection.done = true;
    });
  }
}

void ConnectionServer::reap() {
  connections_.remove_if([](Connection& connection) {
    if (!connection.done) return false;
    connection.thread.join();
    return true;
  });
}

} // namespace authd::test
