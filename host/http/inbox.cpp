// SPDX-License-Identifier: Apache-2.0
#include "http/inbox.h"

#include <cstring>

namespace authd::http {

// Not zeroed: memory that nobody has written to does not count as used.
Inbox::Inbox(const RequestLimits& limits) : parser_(limits), bytes_(new char[kInitialBytes]) {}

std::span<char> Inbox::space() {
  if (begin_ > 0) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (capacity_ - end_ < kMinRead) grow();
  return {bytes_.get() + end_, capacity_ - end_};
}

// Doubles, rather than trusting a Content-Length that nothing may follow.
void Inbox::grow() {
  capacity_ *= 2;
  std::unique_ptr<char[]> larger(new char[capacity_]);
  std::memcpy(larger.get(), bytes_.get(), end_);
  bytes_ = std::move(larger);
}

RequestParser::State Inbox::parse() {
  RequestParser::State state = parser_.parse(bytes_.get() + begin_, end_ - begin_);
  if (state == RequestParser::State::body_ahead) {
    parser_.take_body();
    state = parser_.parse(bytes_.get() + begin_, end_ - begin_);
  }
  if (state == RequestParser::State::incomplete) end_ = begin_ + parser_.kept();
  return state;
}

void Inbox::next_request() {
  begin_ += parser_.used();
  parser_.reset();
}

bool Inbox::recycle() {
  begin_ = end_ = 0;
  parser_.reset();
  return capacity_ == kInitialBytes;
}

} // namespace authd::http
