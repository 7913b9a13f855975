// SPDX-License-Identifier: Apache-2.0
#include "raw_client.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/field_syntax.h"

namespace authd::http {
namespace {

constexpr milliseconds kDeadline{20'000};

bool wait_for(int fd, short events, milliseconds timeout) {
  pollfd p{fd, events, 0};
  int n = 0;
  do {
    n = ::poll(&p, 1, static_cast<int>(timeout.count()));
  } while (n < 0 && errno == EINTR);
  return n > 0;
}

void bind_to(int fd, const std::string& source) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (::inet_pton(AF_INET, source.c_str(), &address.sin_addr) != 1 ||
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    throw std::runtime_error("bind: " + source);
}

int connect_to(const std::string& host, std::uint16_t port, int receive_buffer_bytes, const std::string& source) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    throw std::runtime_error("getaddrinfo: " + host);
  }
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer_bytes > 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(receive_buffer_bytes));
  }
  if (!source.empty()) bind_to(fd, source);
  const int result = ::connect(fd, found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  if (result == 0) return fd;
  ::close(fd);
  throw std::runtime_error("connect: connection refused");
}

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  return text;
}

} // namespace

std::string Answer::header(std::string_view name) const {
  std::string value;
  int seen = 0;
  for (const auto& [n, v] : headers) {
    if (!equals_ignoring_case(n, name)) continue;
    value = v;
    ++seen;
  }
  return seen > 1 ? "(several)" : value;
}

bool Answer::has(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& h) { return equals_ignoring_case(h.first, name); });
}

RawClient::RawClient(std::uint16_t port, const std::string& host, int receive_buffer_bytes, const std::string& source)
    : fd_(connect_to(host, port, receive_buffer_bytes, source)) {}

RawClient::RawClient(RawClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)) {}

RawClient::~RawClient() {
  if (fd_ >= 0) ::close(fd_);
}

void RawClient::send(std::string_view bytes) {
  if (!try_send(bytes)) throw std::runtime_error("send: the server has gone or does not read");
}

bool RawClient::try_send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN) return false;
    if (n < 0 && !wait_for(fd_, POLLOUT, kDeadline)) return false;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::size_t RawClient::send_some(std::string_view bytes) {
  const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

void RawClient::finish_sending() { ::shutdown(fd_, SHUT_WR); }

void RawClient::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  ::close(std::exchange(fd_, -1));
}

bool RawClient::read_more() {
  if (!wait_for(fd_, POLLIN, kDeadline)) throw std::runtime_error("receive: nothing came in time");
  char bytes[64 * 1024];
  const ssize_t n = ::recv(fd_, bytes, sizeof(bytes), 0);
  if (n < 0) throw std::system_error(errno, std::generic_category(), "receive");
  received_.append(bytes, static_cast<std::size_t>(n));
  return n > 0;
}

std::string RawClient::take_until(std::string_view mark) {
  std::size_t at = received_.find(mark);
  while (at == std::string::npos) {
    if (!read_more()) throw std::runtime_error("receive: the connection ended after \"" + received_ + "\"");
    at = received_.find(mark);
  }
  std::string taken = received_.substr(0, at);
  received_.erase(0, at + mark.size());
  return taken;
}

Answer RawClient::receive(bool to_head) {
  Answer answer;
  std::string head = take_until("\r\n\r\n") + "\r\n";
  answer.status = std::stoi(head.substr(head.find(' ') + 1, 3));
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t end = head.find("\r\n", at);
    const std::size_t colon = head.find(':', at);
    answer.headers.emplace_back(head.substr(at, colon - at), trimmed(head.substr(colon + 1, end - colon - 1)));
    at = end + 2;
  }
  const std::string length = answer.header("Content-Length");
  const std::size_t size = length.empty() || to_head ? 0 : std::stoul(length);
  while (received_.size() < size) {
    if (!read_more()) throw std::runtime_error("receive: the body is cut off");
  }
  answer.body = received_.substr(0, size);
  received_.erase(0, size);
  return answer;
}

bool RawClient::closed_by_server() { return received_.empty() && !read_more(); }

bool RawClient::silent_for(milliseconds duration) { return received_.empty() && !wait_for(fd_, POLLIN, duration); }

} // namespace authd::http
