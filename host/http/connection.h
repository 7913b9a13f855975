// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include <Poco/Net/StreamSocket.h>

#include "http/open_exchange.h"
#include "http/reactor_resources.h"
#include "http/timeouts.h"

namespace authd::http {

// One client. The socket is watched edge-triggered for reading and writing from the start, so a request costs one
// recv, one send and no epoll_ctl; readable_ and blocked_ remember the edges. Invariants:
// - while an exchange is deferred or output is blocked, nothing more is read or parsed, which keeps answers in order
//   and memory bounded;
// - a buffer is held only while it is not empty;
// - over TLS, an edge of either kind makes the socket both readable and writable, because TLS may need either;
// - a connection is in exactly one of the shared timeout queues, or has a deferred exchange.
class Connection : public Timed {
 public:
  // `tls` null: plain HTTP; otherwise it must use this socket.
  Connection(ReactorResources& shared, ConnectionKey key, Poco::Net::StreamSocket socket,
             std::unique_ptr<TlsStream> tls, const Peer& peer);

  // Each of these does all that can be done now; the owner then checks closed().
  void on_ready(std::uint32_t epoll_events);
  void on_turn(); // was in ReactorResources::again
  void on_resume(std::uint64_t exchange, const Continuation& next);
  void on_deadline(std::uint64_t serial);
  void on_timeout(); // of the queue in which it waited
  void try_evict();  // for a new connection; does nothing if a request has just arrived
  void refuse(const Refusal& refusal);

  bool closed() const { return closed_; }
  ConnectionKey key() const { return key_; }

 private:
  enum class Phase : std::uint8_t { fresh, idle, reading, deferred, writing, lingering };

  void work();
  bool may_serve() const;
  void serve_received();
  bool serve_one();
  void judge_certificate();
  void refuse_request(const Refusal& refusal);
  void conclude();
  RequestParser::State read_request();
  void receive();
  bool flush();
  void send_continue();
  void settle();
  void release_inbox();
  void enter(Phase phase);
  void on_silence_timeout();
  bool in_handshake() const { return phase_ == Phase::fresh && tls_ != nullptr && !tls_->established(); }
  bool reads_request() const { return inbox_ != nullptr && inbox_->parser().started(); }
  void linger();
  void drop_input();
  void end();
  void fail();
  void close() { closed_ = true; }

  ReactorResources& shared_;
  ConnectionKey key_;
  Poco::Net::StreamSocket socket_;
  int fd_;
  std::unique_ptr<TlsStream> tls_; // null: plain
  Outbox outbox_;
  OpenExchange exchange_;
  std::unique_ptr<Inbox> inbox_;
  std::uint32_t dropped_bytes_ = 0;
  std::uint32_t empty_line_bytes_ = 0; // since the last request, while there is no inbox
  Phase phase_ = Phase::fresh;
  Peer peer_;
  bool readable_ = false;      // the socket may have more to read
  bool blocked_ = false;       // the socket takes no more for now
  bool peer_finished_ = false; // the end of stream is in the socket
  bool end_of_stream_ = false; // and has been read
  bool last_answer_ = false;   // no request is served after the answers in the outbox
  bool continue_sent_ = false;
  bool served_ = false;        // a request was served since the last settle
  bool served_before_ = false; // or ever
  bool closed_ = false;
};

} // namespace authd::http
