// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "http/server.h"
#include "raw_client.h"

namespace authd::http {

// Keeps tickets of deferred exchanges until the test resumes them.
class TicketBox {
 public:
  void put(Ticket ticket);
  Ticket take(); // waits for one; throws std::runtime_error after a deadline

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Ticket> tickets_;
};

// Remembers what it was told.
class Observed : public RequestObserver {
 public:
  struct Entry {
    std::string method;
    std::string path;
    int status = 0;
    std::size_t body_bytes = 0;
    std::optional<Code> code;
    std::string message;
    std::string peer;
    std::string client;
    bool refused = false;
    bool faulted = false;
    std::string fault; // that came after the answer
  };
  void on_outcome(const RequestOutcome& outcome) override;
  void on_fault(const RequestOutcome& outcome, std::string_view what) override;
  std::vector<Entry> entries() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

// A server on a port that the kernel chose, with one reactor unless the options say more, and these routes:
//   GET  /hello   "hello"                         GET /big       64 KiB
//   GET  /id      the request's id                GET /throw     throws
//   GET  /target  method, path, query             GET /forget    neither answers nor defers
//   GET  /peer    "trusted" or "stranger"         GET /twice     answers twice
//   POST /echo    the body                        GET /refused   AUTH_005, Retry-After 7
//   POST /note    the body, 100 bytes at most     POST /bare     the body, of which it takes none
//   POST /keep    as /later, and takes a body
//   GET  /later   deferred for 10 s, then AUTH_004; its ticket goes to tickets()
//   GET  /soon    deferred for 20 ms, extended once by as much, then AUTH_004
class TestServer {
 public:
  explicit TestServer(ServerOptions options = {});
  ~TestServer();

  Server& server() { return *server_; }
  void destroy_server() { server_.reset(); }
  RawClient connect_from(const std::string& source) { return RawClient(port_, "127.0.0.1", 0, source); }
  RawClient connect(int receive_buffer_bytes = 0) { return RawClient(port_, "127.0.0.1", receive_buffer_bytes); }
  // The same routes with other options, as after a reload.
  void replace(ServerOptions options);
  TicketBox& tickets() { return tickets_; }
  Observed& observed() { return observed_; }
  // Waits until so many connections are open.
  bool await_connections(unsigned count);

 private:
  void add_routes();

  int log_fd_;
  std::unique_ptr<Log> log_;
  TicketBox tickets_;
  Observed observed_;
  Router router_;
  std::string big_ = std::string(64 * 1024, 'b');
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
};

// "GET <target> HTTP/1.1" with a Host and these further lines, each with its CRLF.
std::string get(std::string_view target, std::string_view lines = "");

} // namespace authd::http
