// SPDX-License-Identifier: Apache-2.0
// Where the bytes of a connection wait: received and not yet served (Inbox), answered and not yet sent (Outbox).
// A connection takes either from a pool of its reactor only while there is something in it.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "http/request_parser.h"
#include "http/tls.h"

namespace authd::http {

// Buffers for busy connections only. The buffer released last is acquired first, so that it is likely still in the
// processor's cache. For one thread.
//
// T has `bool recycle()`, which empties it and returns whether it is small enough to keep.
template <class T>
class Pool {
 public:
  template <class... Args>
  std::unique_ptr<T> acquire(Args&&... args) {
    if (spare_.empty()) return std::make_unique<T>(std::forward<Args>(args)...);
    std::unique_ptr<T> item = std::move(spare_.back());
    spare_.pop_back();
    return item;
  }

  void release(std::unique_ptr<T> item) {
    if (item != nullptr && spare_.size() < kMaxSpare && item->recycle()) spare_.push_back(std::move(item));
  }

 private:
  static constexpr std::size_t kMaxSpare = 64;
  std::vector<std::unique_ptr<T>> spare_;
};

// The memory held by the request bodies of all reactors. [thread-safe]
class BodyBudget {
 public:
  // False, and nothing is reserved, if the total would exceed `limit` bytes, which a reload may change.
  bool reserve(std::size_t bytes, std::size_t limit) {
    if (held_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit) return true;
    release(bytes);
    return false;
  }
  void release(std::size_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> held_{0};
};

// A buffer that grows by doubling. The first kSmall bytes come from the heap and are kept; a larger buffer is mapped,
// so that its pages return to the system at once. On the heap they would stay with the process: 400 bodies of 1 MiB
// left 230 MB allocated.
class ReceiveBuffer {
 public:
  static constexpr std::size_t kSmall = 8 * 1024;

  ReceiveBuffer() : small_(new char[kSmall]) {} // not zeroed: untouched pages do not count as used
  ~ReceiveBuffer() { unmap(); }
  ReceiveBuffer(const ReceiveBuffer&) = delete;
  ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;

  char* data() { return mapped_ == nullptr ? small_.get() : mapped_; }
  std::size_t capacity() const { return capacity_; }

  // Keeps the bytes; they may move. False: out of memory.
  bool grow();
  // Back to kSmall; keeps `size` bytes (at most kSmall) from `begin` as the first ones.
  void shrink(std::size_t begin, std::size_t size);

 private:
  void unmap();

  std::unique_ptr<char[]> small_;
  char* mapped_ = nullptr;
  std::size_t capacity_ = kSmall;
};

// What a connection has received and not yet served, and the parser that reads it. A connection holds one only while
// a request is in progress, so an idle connection has no buffer.
class Inbox {
 public:
  Inbox(const RequestLimits& limits, BodyBudget& bodies) : parser_(limits), bodies_(bodies) {}
  ~Inbox() { bodies_.release(reserved_bytes_); } // whatever was received: a client may leave within a request

  // Before the first byte. `empty_line_bytes`: received on the connection since its last request.
  // `body_memory_bytes`: the limit for the bodies of all inboxes together.
  void begin(const RequestLimits& limits, std::size_t empty_line_bytes, std::size_t body_memory_bytes) {
    parser_.set_limits(limits);
    parser_.continue_after_empty_lines(empty_line_bytes);
    body_memory_bytes_ = body_memory_bytes;
  }

  // Where to receive next; at least kMinRead bytes. Moves the bytes, so no request may be open. Empty: the body
  // cannot grow any further.
  std::span<char> space();
  void received(std::size_t size) { end_ += size; }

  RequestParser::State parse();
  void describe(Request& request) { parser_.describe(buffer_.data() + begin_, request); }
  const RequestParser& parser() const { return parser_; }
  // After State::body_ahead. 0: the route takes no body, and the bytes are dropped as they arrive.
  void decide_on_body(std::size_t route_takes_bytes);

  void next_request(); // drops the complete one and releases the memory of its body
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
  std::size_t reserved_bytes_ = 0; // from the budget
  std::size_t begin_ = 0;          // of the current request
  std::size_t end_ = 0;
};

struct OutputBuffer {
  std::string text;
  bool recycle() {
    text.clear();
    return text.capacity() <= 64 * 1024;
  }
};

// What has been answered and not yet sent. Holds a buffer only while it is not empty.
class Outbox {
 public:
  enum class Sent { all, some, failed };

  explicit Outbox(Pool<OutputBuffer>& pool) : pool_(pool) {}

  std::string& text(); // to append to
  std::size_t pending_bytes() const { return buffer_ == nullptr ? 0 : buffer_->text.size() - sent_; }
  bool empty() const { return buffer_ == nullptr; }

  // Writes as much as the socket accepts; `some` means that it accepts no more for now.
  Sent send_to(int socket);
  Sent send_to(TlsStream& tls); // the same; also `some` while its handshake is under way
  void discard();               // drops what can no longer be sent

  // Whether anything was sent since the last call.
  bool take_progress() { return std::exchange(progressed_, false); }

 private:
  template <class Send>
  Sent send_all(const Send& send);

  Pool<OutputBuffer>& pool_;
  std::unique_ptr<OutputBuffer> buffer_;
  std::size_t sent_ = 0;
  bool progressed_ = false;
};

} // namespace authd::http
