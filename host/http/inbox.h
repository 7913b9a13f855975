// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "http/request_parser.h"

namespace authd::http {

// What a connection has received and not yet served, and the parser that reads it. A connection holds one
// only while a request is under way, so that an idle one costs no buffer.
class Inbox {
 public:
  explicit Inbox(const RequestLimits& limits);

  // Where to receive next; at least kMinRead bytes. Moves the bytes, so no request may be open.
  std::span<char> space();
  void received(std::size_t size) { end_ += size; }

  RequestParser::State parse();
  void describe(Request& request) { parser_.describe(bytes_.get() + begin_, request); }
  const RequestParser& parser() const { return parser_; }
  // Before the first byte. `empty_line_bytes`: those that the connection has sent since its last request.
  void begin(const RequestLimits& limits, std::size_t empty_line_bytes) {
    parser_.set_limits(limits);
    parser_.go_on_behind_empty_lines(empty_line_bytes);
  }

  void next_request(); // forgets the one that was complete
  bool empty() const { return begin_ == end_; }
  bool recycle();

 private:
  static constexpr std::size_t kInitialBytes = 8 * 1024;
  static constexpr std::size_t kMinRead = 2 * 1024;
  void grow();

  RequestParser parser_;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = kInitialBytes;
  std::size_t begin_ = 0; // of the current request
  std::size_t end_ = 0;
};

} // namespace authd::http
