// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"

#include <cerrno>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>

namespace authd::http {
namespace {

// Above this the answers are sent before more requests are parsed.
constexpr std::size_t kOutputBytes = 64 * 1024;
// After its last answer, a client that sends more than this is disconnected.
constexpr std::uint32_t kMaxDroppedBytes = 16 * 1024 * 1024;

} // namespace

Connection::Connection(ReactorResources& shared, ConnectionKey key, Poco::Net::StreamSocket socket,
                       std::unique_ptr<TlsStream> tls, const Peer& peer)
    : shared_(shared), key_(key), socket_(std::move(socket)), fd_(socket_.impl()->sockfd()), tls_(std::move(tls)),
      outbox_(shared.outputs), exchange_(shared, key, outbox_), peer_(peer) {
  enter(Phase::fresh);
}

void Connection::on_ready(std::uint32_t epoll_events) {
  if ((epoll_events & (EPOLLERR | EPOLLHUP)) != 0) return close();
  if ((epoll_events & EPOLLRDHUP) != 0) peer_finished_ = true;
  if ((epoll_events & (EPOLLIN | EPOLLRDHUP)) != 0) readable_ = true;
  if ((epoll_events & EPOLLOUT) != 0) blocked_ = false;
  if (tls_ != nullptr) {
    tls_->on_ready();
    readable_ = true;
    blocked_ = false;
  }
  on_turn();
}

void Connection::on_turn() {
  if (phase_ == Phase::lingering) return drop_input();
  work();
  if (!closed_) settle();
}

void Connection::on_resume(std::uint64_t exchange, const Continuation& next) {
  if (!exchange_.deliver(exchange, next)) return;
  conclude();
  on_turn();
}

void Connection::on_deadline(std::uint64_t serial) {
  if (!exchange_.expire(serial)) return;
  conclude();
  on_turn();
}

void Connection::on_timeout() {
  switch (phase_) {
  case Phase::fresh:
    if (in_handshake()) return close(); // no response can be sent during the handshake
    return on_silence_timeout();
  case Phase::idle:
    return on_silence_timeout();
  case Phase::reading:
    return refuse({408, "The request was not received in time"});
  case Phase::deferred:
    return;
  case Phase::writing:
  case Phase::lingering:
    return close();
  }
}

// A request may have arrived at this moment.
void Connection::on_silence_timeout() {
  readable_ = true;
  work();
  if (!served_ && !reads_request()) end();
  if (!closed_) settle();
}

void Connection::try_evict() {
  if (phase_ == Phase::idle || (phase_ == Phase::fresh && !in_handshake())) return on_silence_timeout();
  close();
}

void Connection::refuse(const Refusal& refusal) {
  refuse_request(refusal);
  flush();
  if (!closed_) settle();
}

void Connection::refuse_request(const Refusal& refusal) {
  exchange_.open(inbox_.get(), peer_);
  exchange_.refuse(refusal);
  conclude();
}

// One receive at most, so that a busy connection does not starve the others.
void Connection::work() {
  if (!flush() || !may_serve()) return;
  serve_received();
  if (readable_ && may_serve()) {
    receive();
    serve_received();
  }
  if (!closed_) flush();
}

bool Connection::may_serve() const { return !closed_ && !last_answer_ && !exchange_.deferred() && !blocked_; }

void Connection::serve_received() {
  while (may_serve() && inbox_ != nullptr && !inbox_->empty() && serve_one()) {
    if (outbox_.pending_bytes() > kOutputBytes) flush();
  }
}

RequestParser::State Connection::read_request() {
  const RequestParser::State state = inbox_->parse();
  if (state != RequestParser::State::body_ahead) return state;
  Request head;
  inbox_->describe(head);
  inbox_->decide_on_body(shared_.application->router.max_body_bytes(head.method, head.path));
  return inbox_->parse();
}

// Once, at the first request: the handshake is complete then.
void Connection::judge_certificate() {
  peer_.certificate_judged = true;
  if (!shared_.options().is_known_client) return;
  const auto names = tls_->client_names();
  if (names) peer_.subject = names->subject;
  peer_.trusted = peer_.trusted && names && shared_.options().is_known_client(*names);
}

// False when the current request is not complete.
bool Connection::serve_one() {
  const RequestParser::State state = read_request();
  if (state == RequestParser::State::incomplete) {
    if (inbox_->parser().expects_continue() && !continue_sent_) send_continue();
    return false;
  }
  served_ = served_before_ = true;
  continue_sent_ = false;
  if (tls_ != nullptr && !peer_.certificate_judged) judge_certificate();
  exchange_.open(inbox_.get(), peer_);
  if (state == RequestParser::State::refused) {
    exchange_.refuse(inbox_->parser().refusal());
  } else {
    exchange_.dispatch();
  }
  conclude();
  return true;
}

// After an endpoint was called.
void Connection::conclude() {
  if (exchange_.deferred()) return;
  if (!exchange_.keeps_connection()) {
    last_answer_ = true;
  } else {
    inbox_->next_request();
  }
}

void Connection::receive() {
  if (inbox_ == nullptr) {
    inbox_ = shared_.inboxes.acquire(shared_.limits(), shared_.bodies);
    // A reload may have changed the limits since it was made.
    inbox_->begin(shared_.limits(), std::exchange(empty_line_bytes_, 0), shared_.body_memory());
  }
  const std::span<char> space = inbox_->space();
  if (space.empty()) return refuse_request({503, "Too many request bodies are in progress", Code::overloaded});
  ssize_t n = 0;
  bool more = false;
  if (tls_ == nullptr) {
    n = ::recv(fd_, space.data(), space.size(), 0);
    // After a short read the socket is empty: epoll(7), questions and answers. Only an end may follow.
    more = n == static_cast<ssize_t>(space.size());
  } else {
    n = tls_->receive(space);
    more = !tls_->drained();
  }
  if (n > 0) {
    inbox_->received(static_cast<std::size_t>(n));
    readable_ = more || peer_finished_;
    return;
  }
  if (n < 0 && errno == EINTR) return;
  readable_ = tls_ != nullptr && tls_->paused(); // in the next turn, after the others
  if (n == 0) end_of_stream_ = true;
  if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) fail();
}

bool Connection::flush() {
  if (outbox_.empty()) return true;
  if (blocked_) return false;
  const Outbox::Sent sent = tls_ == nullptr ? outbox_.send_to(fd_) : outbox_.send_to(*tls_);
  if (sent == Outbox::Sent::some) blocked_ = true;
  if (sent == Outbox::Sent::failed) fail();
  return sent == Outbox::Sent::all;
}

void Connection::send_continue() {
  outbox_.text() += "HTTP/1.1 100 Continue\r\n\r\n";
  continue_sent_ = true;
}

// Decides what the connection waits for next. Only progress restarts a timer, not any byte.
void Connection::settle() {
  const bool sent = outbox_.take_progress();
  const bool served = std::exchange(served_, false);
  if (inbox_ != nullptr && inbox_->empty()) release_inbox();
  if (!outbox_.empty()) {
    if (sent || (phase_ != Phase::writing && !in_handshake())) enter(Phase::writing);
    return;
  }
  if (exchange_.deferred()) return enter(Phase::deferred);
  if (last_answer_) return linger();
  if (end_of_stream_) return end();
  if (readable_) shared_.again.push_back(key_);
  const Phase silent = served_before_ ? Phase::idle : Phase::fresh;
  const Phase next = reads_request() ? Phase::reading : silent;
  if (served || phase_ != next) enter(next);
}

void Connection::release_inbox() {
  empty_line_bytes_ = static_cast<std::uint32_t>(inbox_->parser().empty_line_bytes());
  shared_.inboxes.release(std::move(inbox_));
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  switch (phase) {
  case Phase::idle:
    return shared_.idle.add(*this, shared_.now);
  case Phase::fresh:
    return shared_.fresh.add(*this, shared_.now);
  case Phase::reading:
    return shared_.reading.add(*this, shared_.now);
  case Phase::writing:
    return shared_.writing.add(*this, shared_.now);
  case Phase::lingering:
    return shared_.lingering.add(*this, shared_.now);
  case Phase::deferred:
    return leave();
  }
}

// A socket closed with unread input resets the connection, and the reset may overtake the answer.
void Connection::linger() {
  shared_.inboxes.release(std::move(inbox_));
  if (tls_ != nullptr && !tls_->send_close_notify()) {
    blocked_ = true; // and returns here when the socket is writable
    if (phase_ != Phase::writing) enter(Phase::writing);
    return;
  }
  if (end_of_stream_) return close();
  ::shutdown(fd_, SHUT_WR);
  enter(Phase::lingering);
  drop_input();
}

// Over TLS, close_notify lets the client tell an orderly end from a truncation.
void Connection::end() {
  if (tls_ != nullptr) tls_->send_close_notify();
  close();
}

// A TLS failure has sent an alert with the reason, which a reset must not overtake.
void Connection::fail() {
  if (tls_ == nullptr || !tls_->failed()) return close();
  last_answer_ = true;
  readable_ = true;
  outbox_.discard();
}

// Reads the raw socket over TLS too: the bytes are not used.
void Connection::drop_input() {
  if (!readable_) return;
  char dropped[16 * 1024];
  const ssize_t n = ::recv(fd_, dropped, sizeof(dropped), 0);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return close();
  if (n > 0) dropped_bytes_ += static_cast<std::uint32_t>(n);
  if (dropped_bytes_ > kMaxDroppedBytes) return close();
  readable_ = n == sizeof(dropped) || peer_finished_;
  if (readable_) shared_.again.push_back(key_);
}

} // namespace authd::http
