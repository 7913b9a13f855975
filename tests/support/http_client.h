// SPDX-License-Identifier: Apache-2.0
// A client that sends exactly the bytes it is given and reads answers one by one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace authd::test {

using std::chrono::milliseconds;
using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpReply {
  int status = 0;
  Headers headers;
  std::string body;
  milliseconds took{0}; // from the sending of the last bytes to the last byte of the answer

  std::string header(std::string_view name) const; // first of that name, without case; empty: absent
  std::size_t count(std::string_view name) const;
};

// How a connection ended for a client that waited for an answer.
enum class Ending {
  open,   // it did not
  closed, // FIN, and no sign that anything sent was left unread
  reset,  // RST: the peer's kernel had bytes that the peer never read
};

// Takes the first answer out of what was received; nullopt: it is not complete. `head`: no body follows.
std::optional<HttpReply> take_reply(std::string& received, bool head = false);

class HttpConnection {
 public:
  explicit HttpConnection(std::uint16_t port);             // throws std::system_error
  explicit HttpConnection(const std::string& unix_socket); // the same
  ~HttpConnection();
  HttpConnection(HttpConnection&& other) noexcept;
  HttpConnection& operator=(HttpConnection&& other) noexcept;

  // False: the connection broke first.
  bool send(std::string_view bytes);
  // Sends as much as goes at once; returns how many bytes.
  std::size_t send_some(std::string_view bytes);
  void shut_down_sending();
  // The next answer; nullopt: the connection ended, or nothing came in time. `head`: no body follows.
  std::optional<HttpReply> read(milliseconds at_most = std::chrono::seconds(20), bool head = false);
  // Waits until the peer ends the connection. Bytes that come before are discarded.
  Ending await_end(milliseconds at_most);
  int fd() const { return fd_; }

 private:
  void connect(const void* address, std::size_t size);
  bool fill(std::chrono::steady_clock::time_point deadline);

  int fd_ = -1;
  std::string buffer_;
  std::chrono::steady_clock::time_point sent_ = std::chrono::steady_clock::now();
};

// "GET /path HTTP/1.1\r\nHost: ...": a whole request.
std::string request_text(std::string_view method, std::string_view target, const Headers& headers = {},
                         std::string_view body = {});
// One request on a connection of its own; throws std::runtime_error when no answer comes.
HttpReply fetch(std::uint16_t port, std::string_view method, std::string_view target, const Headers& headers = {},
                std::string_view body = {});
inline HttpReply get(std::uint16_t port, std::string_view target, const Headers& headers = {}) {
  return fetch(port, "GET", target, headers);
}

} // namespace authd::test
