// SPDX-License-Identifier: Apache-2.0
#include "http/outbox.h"

#include <cerrno>
#include <utility>

#include <sys/socket.h>

namespace authd::http {

std::string& Outbox::text() {
  if (buffer_ == nullptr) buffer_ = pool_.take();
  return buffer_->text;
}

Outbox::Sent Outbox::send_to(int socket) {
  while (pending_bytes() > 0) {
    const ssize_t n = ::send(socket, buffer_->text.data() + sent_, pending_bytes(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Sent::some : Sent::failed;
    sent_ += static_cast<std::size_t>(n);
    progressed_ = true;
  }
  sent_ = 0;
  pool_.give(std::move(buffer_));
  return Sent::all;
}

} // namespace authd::http
