// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "base/random.h"
#include "http/exchange.h"
#include "http/mailbox.h"
#include "http/reactor_resources.h"
#include "http/response_writer.h"

namespace authd::http {

// The open exchange of a connection, reused for each request. Whatever an endpoint does (throws, answers twice, does
// not answer), the client gets exactly one answer.
class OpenExchange final : public Exchange {
 public:
  OpenExchange(ReactorResources& shared, ConnectionKey connection, Outbox& outbox)
      : shared_(shared), outbox_(outbox), connection_(connection) {}
  ~OpenExchange() override { // a client that did not wait
    if (stage_ != Stage::answered) shared_.activity.request_ended();
  }
  OpenExchange(const OpenExchange&) = delete;
  OpenExchange& operator=(const OpenExchange&) = delete;

  // Begins the exchange for the request that the parser has read, or for what is known of a refused one.
  void open(Inbox* inbox, const Peer& peer);

  // Each of these calls an endpoint; afterwards the exchange is answered or deferred.
  void dispatch();
  void refuse(const Refusal& refusal);
  // False if it was too late and nothing was called.
  bool deliver(std::uint64_t exchange, const Continuation& next);
  bool expire(std::uint64_t serial);

  bool deferred() const { return stage_ == Stage::deferred; }
  bool keeps_connection() const { return keeps_connection_; }

  const Request& request() const override { return request_; }
  void respond(int status, std::string_view content_type, std::string_view body, FieldList headers) override;
  void hold(std::shared_ptr<const void> owner) override;
  Ticket defer(SteadyTime deadline, Continuation on_deadline) override;
  void extend(SteadyTime deadline, Continuation on_deadline) override;
  RequestOutcome& outcome() override { return outcome_->value; }

 private:
  enum class Stage : std::uint8_t { running, deferred, answered };

  template <class Endpoint>
  void run(const Endpoint& endpoint);
  void fail(std::string_view what);
  void report(int status, std::size_t body_bytes);
  const Application& application() const { return application_ ? *application_ : *shared_.application; }
  RequestObserver* observer() const { return application().observer; }
  Persistence persistence() const;
  void choose_request_id();
  void begin_trace();

  ReactorResources& shared_;
  Outbox& outbox_;
  ConnectionKey connection_;
  Request request_;
  UuidSource::Text made_id_{};
  std::unique_ptr<PooledOutcome> outcome_; // while the exchange is open
  Continuation on_deadline_;
  std::shared_ptr<const Application> application_; // while deferred: keeps alive what its endpoint refers to
  std::shared_ptr<const void> held_;
  std::uint64_t number_ = 0; // of the exchange on this connection
  std::uint64_t serial_ = 0; // of the current deadline
  Stage stage_ = Stage::answered;
  bool http_1_0_ = false;
  bool client_keeps_ = false;
  bool keeps_connection_ = true;
};

} // namespace authd::http
