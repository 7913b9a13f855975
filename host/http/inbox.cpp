// SPDX-License-Identifier: Apache-2.0
#include "http/inbox.h"

#include <cstring>
#include <utility>

namespace authd::http {

std::span<char> Inbox::space() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.capacity() - end_ < kMinRead && !grow()) return {};
  return {buffer_.data() + end_, buffer_.capacity() - end_};
}

// Doubles, rather than trusting a Content-Length that nothing may follow. A head is bounded by its own
// limits.
bool Inbox::grow() {
  const std::size_t more = parser_.takes_body() ? buffer_.capacity() : 0;
  if (!bodies_.take(more, body_memory_bytes_)) return false;
  taken_ += more;
  return buffer_.grow();
}

void Inbox::shrink() {
  buffer_.shrink(begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  bodies_.give_back(std::exchange(taken_, 0));
}

RequestParser::State Inbox::parse() {
  const RequestParser::State state = parser_.parse(buffer_.data() + begin_, end_ - begin_);
  if (state == RequestParser::State::incomplete) end_ = begin_ + parser_.kept();
  return state;
}

void Inbox::decide_on_body(std::size_t route_takes_bytes) {
  if (route_takes_bytes == 0) return parser_.discard_body();
  parser_.take_body(route_takes_bytes);
}

void Inbox::next_request() {
  begin_ += parser_.used();
  parser_.reset();
  if (buffer_.capacity() > ReceiveBuffer::kSmall && end_ - begin_ <= ReceiveBuffer::kSmall) shrink();
}

bool Inbox::recycle() {
  begin_ = end_ = 0;
  shrink();
  parser_.reset();
  return true;
}

} // namespace authd::http
