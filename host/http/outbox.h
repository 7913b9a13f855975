// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "http/pool.h"
#include "http/tls_stream.h"

namespace authd::http {

struct OutputBuffer {
  std::string text;
  bool recycle() {
    text.clear();
    return text.capacity() <= 64 * 1024;
  }
};

// What has been answered and not yet sent. Holds a buffer of the pool only while there is something.
class Outbox {
 public:
  enum class Sent { all, some, failed };

  explicit Outbox(Pool<OutputBuffer>& pool) : pool_(pool) {}

  std::string& text(); // to append to
  std::size_t pending_bytes() const { return buffer_ == nullptr ? 0 : buffer_->text.size() - sent_; }
  bool empty() const { return buffer_ == nullptr; }

  // Writes as much as the socket takes; `some` means that it takes no more for now.
  Sent send_to(int socket);
  Sent send_to(TlsStream& tls); // the same; also `some` while its handshake is under way
  void discard();               // what nobody will take any more

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
