// SPDX-License-Identifier: Apache-2.0
// The floor: the least that any HTTP server on epoll and llhttp can cost. Reads, parses, writes one constant
// answer; no routing, no limits, no time-outs. bench-floor PORT REACTORS FILE, where FILE is the whole answer.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <arpa/inet.h>
#include <llhttp/llhttp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

struct Connection {
  llhttp_t parser;
  unsigned complete = 0; // requests since the last write
};

int on_message_complete(llhttp_t* parser) {
  ++static_cast<Connection*>(parser->data)->complete;
  return 0;
}

llhttp_settings_t make_settings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_message_complete = on_message_complete;
  return settings;
}

int listen_on(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || ::listen(fd, 1024) != 0) {
    std::perror("bench-floor");
    std::exit(1);
  }
  return fd;
}

class Reactor {
 public:
  Reactor(std::uint16_t port, const std::string& answer)
      : answer_(answer), listener_(listen_on(port)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    watch(listener_);
  }

  void run() {
    epoll_event events[256];
    for (;;) {
      const int n = ::epoll_wait(epoll_, events, 256, -1);
      for (int i = 0; i < n; ++i) {
        events[i].data.fd == listener_ ? accept_one() : serve(events[i].data.fd);
      }
    }
  }

 private:
  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void accept_one() {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    auto connection = std::make_unique<Connection>();
    llhttp_init(&connection->parser, HTTP_REQUEST, &settings_);
    connection->parser.data = connection.get();
    connections_[fd] = std::move(connection);
    watch(fd);
  }

  void serve(int fd) {
    const ssize_t n = ::recv(fd, input_, sizeof(input_), 0);
    Connection& connection = *connections_[fd];
    if (n <= 0 || llhttp_execute(&connection.parser, input_, static_cast<std::size_t>(n)) != HPE_OK) {
      connections_.erase(fd);
      ::close(fd);
      return;
    }
    for (; connection.complete > 0; --connection.complete) {
      if (::send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL) < 0) return;
    }
  }

  const std::string& answer_;
  const llhttp_settings_t settings_ = make_settings();
  const int listener_;
  const int epoll_;
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;
  char input_[65536];
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: bench-floor PORT REACTORS FILE\n";
    return 64;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  std::ifstream file(argv[3], std::ios::binary);
  const std::string answer((std::istreambuf_iterator<char>(file)), {});
  std::vector<std::unique_ptr<Reactor>> reactors;
  for (int i = 0; i < std::atoi(argv[2]); ++i) reactors.push_back(std::make_unique<Reactor>(port, answer));
  std::vector<std::thread> threads;
  for (const auto& reactor : reactors) threads.emplace_back([&reactor] { reactor->run(); });
  for (std::thread& thread : threads) thread.join();
}
