// SPDX-License-Identifier: Apache-2.0
#include "http/buffers.h"

#include <cerrno>
#include <cstring>

#include <sys/mman.h>
#include <sys/socket.h>

namespace authd::http {

bool ReceiveBuffer::grow() {
  const std::size_t larger = capacity_ * 2;
  void* pages = mapped_ == nullptr ? ::mmap(nullptr, larger, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                   : ::mremap(mapped_, capacity_, larger, MREMAP_MAYMOVE);
  if (pages == MAP_FAILED) return false;
  if (mapped_ == nullptr) std::memcpy(pages, small_.get(), capacity_);
  mapped_ = static_cast<char*>(pages);
  capacity_ = larger;
  return true;
}

void ReceiveBuffer::shrink(std::size_t begin, std::size_t size) {
  if (mapped_ == nullptr) {
    std::memmove(small_.get(), small_.get() + begin, size);
    return;
  }
  std::memcpy(small_.get(), mapped_ + begin, size);
  unmap();
}

void ReceiveBuffer::unmap() {
  if (mapped_ != nullptr) ::munmap(mapped_, capacity_);
  mapped_ = nullptr;
  capacity_ = kSmall;
}

std::span<char> Inbox::space() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.capacity() - end_ < kMinRead && !grow()) return {};
  return {buffer_.data() + end_, buffer_.capacity() - end_};
}

// Doubles rather than trusts a Content-Length, which costs a client nothing to announce. A head has its own limits.
bool Inbox::grow() {
  const std::size_t more = parser_.takes_body() ? buffer_.capacity() : 0;
  if (!bodies_.reserve(more, body_memory_bytes_)) return false;
  reserved_bytes_ += more;
  return buffer_.grow();
}

void Inbox::shrink() {
  buffer_.shrink(begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  bodies_.release(std::exchange(reserved_bytes_, 0));
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

std::string& Outbox::text() {
  if (buffer_ == nullptr) buffer_ = pool_.acquire();
  return buffer_->text;
}

template <class Send>
Outbox::Sent Outbox::send_all(const Send& send) {
  while (pending_bytes() > 0) {
    const ssize_t n = send(buffer_->text.data() + sent_, pending_bytes());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Sent::some : Sent::failed;
    sent_ += static_cast<std::size_t>(n);
    progressed_ = true;
  }
  discard();
  return Sent::all;
}

Outbox::Sent Outbox::send_to(int socket) {
  return send_all([socket](const char* data, std::size_t size) { return ::send(socket, data, size, MSG_NOSIGNAL); });
}

Outbox::Sent Outbox::send_to(TlsStream& tls) {
  return send_all([&tls](const char* data, std::size_t size) { return tls.send(data, size); });
}

void Outbox::discard() {
  sent_ = 0;
  pool_.release(std::move(buffer_));
}

} // namespace authd::http
