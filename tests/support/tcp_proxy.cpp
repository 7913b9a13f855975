// SPDX-License-Identifier: Apache-2.0
#include "support/tcp_proxy.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <system_error>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace authd::test {
namespace {

using Clock = std::chrono::steady_clock;

// Bytes that one direction of a connection holds; beyond it the sender has to wait, as on a full link.
constexpr std::size_t kMostHeld = 1 << 20;
// A throttled connection sends so often, and so much at a time that its rate comes out.
constexpr std::size_t kBurstsPerSecond = 20;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int stream_socket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw std::system_error(errno, std::system_category(), "socket");
  return fd;
}

// With SO_REUSEADDR several sockets may have the port as long as none of the others listens.
int bound_socket(std::uint16_t port) {
  const int fd = stream_socket();
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::system_error(errno, std::system_category(), "bind on loopback");
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::system_error(errno, std::system_category(), "getsockname");
  return ntohs(address.sin_port);
}

void reset_on_close(int fd) {
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool would_block() { return errno == EAGAIN || errno == EINTR; }

} // namespace

struct TcpProxy::Link {
  struct Chunk {
    std::string bytes;
    Clock::time_point due;
  };

  Link(int client_fd, int server_fd) : client(client_fd), server(server_fd) {}
  ~Link() {
    ::close(client);
    ::close(server);
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void reset() {
    reset_on_close(client);
    reset_on_close(server);
  }

  const int client;
  const int server;
  std::string requests;      // to the server, as far as it does not take them
  std::deque<Chunk> answers; // to the client, the earliest first
  std::size_t held = 0;      // bytes in `answers`
  std::size_t read = 0;      // bytes of answers from the server
  std::size_t sent = 0;      // bytes of answers to the client under the present fault
  Clock::time_point next_burst{};
  bool server_done = false; // its end has come; what is held still goes to the client
};

// --- for tests -----------------------------------------------------------------------------------------

TcpProxy::TcpProxy(std::uint16_t server_port)
    : server_port_(server_port), reservation_(bound_socket(0)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  port_ = port_of(reservation_);
  listen(true);
  thread_ = std::thread([this] { run(); });
}

TcpProxy::~TcpProxy() {
  order([](Orders& orders) { orders.stop = true; });
  thread_.join();
  for (Link& link : links_) link.reset();
  listen(false);
  ::close(reservation_);
  ::close(wake_);
}

void TcpProxy::set_fault(WireFault fault) {
  order([&](Orders& orders) { orders.fault = std::move(fault); });
}

void TcpProxy::cut() {
  order([](Orders& orders) { orders.cut = true; });
}

void TcpProxy::order(const std::function<void(Orders&)>& change) {
  std::unique_lock lock(mutex_);
  change(orders_);
  const std::uint64_t mine = ++given_;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_, &one, sizeof one);
  obeyed_.wait(lock, [&] { return done_ >= mine; });
}

// --- the thread ----------------------------------------------------------------------------------------

bool TcpProxy::obey() {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t n = ::read(wake_, &ignored, sizeof ignored);
  const std::lock_guard lock(mutex_);
  Orders orders = std::exchange(orders_, {});
  if (orders.fault) {
    fault_ = std::move(*orders.fault);
    listen(!fault_.refuse);
    for (Link& link : links_) {
      link.sent = 0;
      link.next_burst = {};
      for (Link::Chunk& chunk : link.answers) chunk.due = {};
    }
  }
  if (orders.cut) {
    for (Link& link : links_) link.reset();
    cuts_ += links_.size();
    links_.clear();
  }
  done_ = given_;
  obeyed_.notify_all();
  return !orders.stop;
}

void TcpProxy::run() {
  while (obey()) {
    std::vector<pollfd> fds{{wake_, POLLIN, 0}, {listener_, POLLIN, 0}}; // poll passes over -1
    auto next = Clock::time_point::max();
    const auto now = Clock::now();
    for (const Link& link : links_) {
      const bool reads_answers = !fault_.black_hole && !link.server_done && link.held < kMostHeld;
      const auto due =
          link.answers.empty() ? Clock::time_point::max() : std::max(link.answers.front().due, link.next_burst);
      const bool writes_answers = !fault_.black_hole && due <= now;
      if (!fault_.black_hole && due > now) next = std::min(next, due);
      const bool reads_requests = !fault_.black_hole && link.requests.size() < kMostHeld;
      const int to_client = (reads_requests ? POLLIN : 0) | (writes_answers ? POLLOUT : 0);
      const int to_server = (reads_answers ? POLLIN : 0) | (link.requests.empty() ? 0 : POLLOUT);
      // What nobody wants to hear of may not wake the thread again and again, a hang-up included.
      fds.push_back({to_client == 0 ? -1 : link.client, static_cast<short>(to_client), 0});
      fds.push_back({to_server == 0 ? -1 : link.server, static_cast<short>(to_server), 0});
    }
    timespec wait{};
    if (next != Clock::time_point::max()) {
      const auto ns = std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(next - now)).count();
      wait = {ns / 1'000'000'000, ns % 1'000'000'000};
    }
    ::ppoll(fds.data(), fds.size(), next == Clock::time_point::max() ? nullptr : &wait, nullptr);
    if (fds[0].revents != 0) continue; // an order comes before everything else
    links_.remove_if([this](Link& link) { return !advance(link); });
    if (fds[1].revents != 0) accept_one();
  }
}

void TcpProxy::listen(bool wanted) {
  if (wanted == (listener_ >= 0)) return;
  if (!wanted) {
    ::close(std::exchange(listener_, -1));
    return;
  }
  listener_ = bound_socket(port_);
  if (::listen(listener_, 1024) != 0) throw std::system_error(errno, std::system_category(), "listen");
}

void TcpProxy::accept_one() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return;
  ++accepted_;
  const int server = stream_socket();
  const int on = 1;
  for (const int fd : {client, server}) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in address = loopback(server_port_);
  const int rc = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const bool server_away = rc != 0 && errno != EINPROGRESS;
  Link& link = links_.emplace_back(client, server);
  if (!server_away) return;
  link.reset();
  links_.pop_back();
}

bool TcpProxy::advance(Link& link) {
  if (fault_.black_hole) return true;
  return read_request(link) && read_answer(link) && write_answer(link);
}

bool TcpProxy::read_request(Link& link) {
  std::array<char, 16384> bytes;
  if (link.requests.size() < kMostHeld) {
    const ssize_t n = ::recv(link.client, bytes.data(), bytes.size(), 0);
    if (n == 0 || (n < 0 && !would_block())) return false; // the client is gone: nobody waits for answers
    if (n > 0) link.requests.append(bytes.data(), static_cast<std::size_t>(n));
  }
  while (!link.requests.empty()) {
    const ssize_t n = ::send(link.server, link.requests.data(), link.requests.size(), MSG_NOSIGNAL);
    if (n < 0 && would_block()) return true;
    // A server that takes no more may still have answered: reading from it tells.
    link.requests.erase(0, n < 0 ? link.requests.size() : static_cast<std::size_t>(n));
  }
  return true;
}

bool TcpProxy::read_answer(Link& link) {
  std::array<char, 16384> bytes;
  while (!link.server_done && link.held < kMostHeld) {
    const ssize_t n = ::recv(link.server, bytes.data(), bytes.size(), 0);
    if (n < 0 && would_block()) return true;
    if (n < 0) {
      link.reset(); // as the server did
      return false;
    }
    if (n == 0) {
      link.server_done = true;
      return true;
    }
    const auto size = static_cast<std::size_t>(n);
    spoil(link, bytes.data(), size);
    link.answers.push_back({std::string(bytes.data(), size), Clock::now() + fault_.delay});
    link.held += size;
  }
  return true;
}

void TcpProxy::spoil(Link& link, char* bytes, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i, ++link.read) {
    if (!fault_.flip || !fault_.flip(link.read, bytes[i])) continue;
    bytes[i] ^= 1;
    ++flips_;
  }
}

// How much of the first chunk may go now.
std::size_t TcpProxy::sendable(const Link& link) const {
  std::size_t most = link.answers.front().bytes.size();
  if (fault_.bytes_per_second > 0)
    most = std::min(most, std::max<std::size_t>(1, fault_.bytes_per_second / kBurstsPerSecond));
  if (fault_.cut_after) most = std::min(most, *fault_.cut_after - std::min(*fault_.cut_after, link.sent));
  return most;
}

bool TcpProxy::write_answer(Link& link) {
  while (!link.answers.empty()) {
    Link::Chunk& first = link.answers.front();
    const auto now = Clock::now();
    if (first.due > now || link.next_burst > now) return true;
    const std::size_t most = sendable(link);
    if (most == 0) {
      ++cuts_;
      if (fault_.reset) link.reset();
      return false;
    }
    const ssize_t n = ::send(link.client, first.bytes.data(), most, MSG_NOSIGNAL);
    if (n < 0) return would_block();
    const auto size = static_cast<std::size_t>(n);
    link.sent += size;
    link.held -= size;
    first.bytes.erase(0, size);
    if (first.bytes.empty()) link.answers.pop_front();
    if (fault_.bytes_per_second > 0)
      link.next_burst = now + std::chrono::nanoseconds(1'000'000'000 * size / fault_.bytes_per_second);
  }
  return !link.server_done;
}

} // namespace authd::test
