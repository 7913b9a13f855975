// SPDX-License-Identifier: Apache-2.0
// A TCP proxy on loopback that stands between a client and a server and spoils what comes back, as a bad
// network or a dying peer would. What it does can be switched while connections are open.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace authd::test {

using std::chrono::milliseconds;

// What happens to answers, that is to bytes from the server to the client; several of these together, too.
// Requests pass untouched, unless it is a black hole.
struct WireFault {
  // Closes a connection when more than that many bytes of answers come, which are counted from when this
  // fault was set, or from the connection's beginning if that is later.
  std::optional<std::size_t> cut_after{};
  bool reset = false;               // what cut_after does is a RST; else a FIN, as from a peer that ends
  bool refuse = false;              // new connections get ECONNREFUSED; those that are open stay
  bool black_hole = false;          // connections are accepted, and nothing is forwarded either way
  milliseconds delay{0};            // each chunk is held back for so long
  std::size_t bytes_per_second = 0; // of each connection; 0: as fast as it goes
  // Whether this byte of an answer, the `offset`th of its connection, is flipped (its lowest bit). Called on
  // the proxy's thread.
  std::function<bool(std::size_t offset, char byte)> flip{};
};

// One thread, which polls every connection. [thread-safe]
class TcpProxy {
 public:
  // Listens on a port of the kernel's choice and connects to 127.0.0.1:server_port for each client. Passes
  // everything at first.
  explicit TcpProxy(std::uint16_t server_port);
  ~TcpProxy(); // resets what is open
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::uint16_t port() const { return port_; }

  // These hold from when they return: no byte is forwarded as it was before.
  void set_fault(WireFault fault); // instead of the one before; what is held back goes on at once
  void pass() { set_fault({}); }
  void cut(); // a RST to both ends of each connection that is open; new ones are accepted

  // So far.
  std::size_t accepted() const { return accepted_; }
  std::size_t cuts() const { return cuts_; } // connections that this proxy has ended
  std::size_t flips() const { return flips_; }

 private:
  struct Link;
  struct Orders {
    std::optional<WireFault> fault;
    bool cut = false;
    bool stop = false;
  };

  void order(const std::function<void(Orders&)>& change);
  bool obey(); // false: stop
  void run();
  void listen(bool wanted);
  void accept_one();
  bool advance(Link& link); // false: it is over
  static bool read_request(Link& link);
  bool read_answer(Link& link);
  bool write_answer(Link& link);
  std::size_t sendable(const Link& link) const;
  void spoil(Link& link, char* bytes, std::size_t size);

  const std::uint16_t server_port_;
  std::uint16_t port_ = 0;
  int reservation_ = -1; // bound to the port and never listening: it stays ours while new ones are refused
  int wake_ = -1;
  std::atomic<std::size_t> accepted_{0};
  std::atomic<std::size_t> cuts_{0};
  std::atomic<std::size_t> flips_{0};

  std::mutex mutex_;
  std::condition_variable obeyed_;
  Orders orders_;
  std::uint64_t given_ = 0;
  std::uint64_t done_ = 0;

  // Touched by the thread only, once it runs.
  int listener_ = -1;
  WireFault fault_;
  std::list<Link> links_;
  std::thread thread_;
};

} // namespace authd::test
