// SPDX-License-Identifier: Apache-2.0
// A client that sends what it is told, byte for byte, and waits for everything with a deadline.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace authd::http {

struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // The value of the only header of that name; "" when there is none, "(several)" when there are more.
  std::string header(std::string_view name) const;
  bool has(std::string_view name) const;
};

class RawClient {
 public:
  // Throws std::runtime_error if the connection is refused. `receive_buffer_bytes` 0: the system's default.
  // `source`: the IPv4 address that it comes from; empty: the system chooses.
  explicit RawClient(std::uint16_t port, const std::string& host = "127.0.0.1", int receive_buffer_bytes = 0,
                     const std::string& source = "");
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes);             // all of them; throws after a deadline
  bool try_send(std::string_view bytes);         // false when the server has gone
  std::size_t send_some(std::string_view bytes); // what the socket takes without waiting
  void finish_sending();                         // half-close
  void reset();                                  // closes with a RST

  // The next answer. Throws std::runtime_error when the connection ends or nothing comes in time.
  Answer receive(bool to_head = false);
  Answer exchange(std::string_view bytes) { return send(bytes), receive(); }

  // True when the server closes without another byte.
  bool closed_by_server();
  // True when nothing arrives for so long.
  bool silent_for(milliseconds duration);
  int fd() const { return fd_; }

 private:
  bool read_more(); // false at the end of the stream
  std::string take_until(std::string_view mark);

  int fd_ = -1;
  std::string received_;
};

} // namespace authd::http
