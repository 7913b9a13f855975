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
  pool_.give(std::move(buffer_));
}

} // namespace authd::http
