// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "http/body_budget.h"
#include "http/receive_buffer.h"
#include "http/request_parser.h"

namespace authd::http {

// What a connection has received and not yet served, and the parser that reads it. A connection holds one
// only while a request is under way, so that an idle one costs no buffer.
class Inbox {
 public:
  Inbox(const RequestLimits& limits, BodyBudget& bodies) : parser_(limits), bodies_(bodies) {}
  ~Inbox() { shrink(); }

  // Before the first byte. `empty_line_bytes`: those that the connection has sent since its last request.
  // `body_memory_bytes`: what the bodies of all inboxes may hold.
  void begin(const RequestLimits& limits, std::size_t empty_line_bytes, std::size_t body_memory_bytes) {
    parser_.set_limits(limits);
    parser_.go_on_behind_empty_lines(empty_line_bytes);
    body_memory_bytes_ = body_memory_bytes;
  }

  // Where to receive next; at least kMinRead bytes. Moves the bytes, so no request may be open. Empty: there
  // is no room for more of the body.
  std::span<char> space();
  void received(std::size_t size) { end_ += size; }

  RequestParser::State parse();
  void describe(Request& request) { parser_.describe(buffer_.data() + begin_, request); }
  const RequestParser& parser() const { return parser_; }
  // The parser said that a body is ahead. Of one for a route that takes none nothing is kept.
  void decide_on_body(std::size_t route_takes_bytes);

  void next_request(); // forgets the one that was complete, and gives back what its body took
  bool empty() const { return begin_ == end_; }
  bool recycle();

 private:
  static constexpr std::size_t kMinRead = 2 * 1024;
  bool grow();
  void shrink();

  RequestParser parser_;
  BodyBudget& bodies_;
  ReceiveBuffer buffer_;
  std::size_t body_memory_bytes_ = 0;
  std::size_t taken_ = 0; // of the budget
  std::size_t begin_ = 0; // of the current request
  std::size_t end_ = 0;
};

} // namespace authd::http
