// SPDX-License-Identifier: Apache-2.0
// One request and its answer, as endpoints see them. An endpoint either answers at once (respond) or
// defers: then any thread may resume it through the ticket, and the reactor calls on_deadline if none did in time.
// Everything here runs on the reactor that owns the connection, except Ticket::resume.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/ip_address.h"
#include "base/request_outcome.h"

namespace authd::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };

struct HeaderField {
  std::string_view name;
  std::string_view value;
};

// The fields of an answer: a list in braces, or a span. Valid as long as what it was made from.
class FieldList : public std::span<const HeaderField> {
 public:
  FieldList() = default;
  FieldList(std::initializer_list<HeaderField> fields) : span(fields.begin(), fields.size()) {}
  FieldList(std::span<const HeaderField> fields) : span(fields) {}
};

// Views into the connection's buffer: valid until the exchange has been answered.
struct Request {
  Method method = Method::get;
  std::string_view method_name;
  std::string_view target; // as sent
  std::string_view path;   // target up to '?', not decoded
  std::string_view query;  // after '?', may be empty
  std::span<const HeaderField> headers;
  std::string_view body;
  std::string_view request_id; // the incoming X-Request-Id if valid, else a generated one
  IpAddress peer;              // none: a Unix socket
  bool peer_trusted = true;    // decided once, when the connection was accepted
  bool over_tls = false;
  SteadyTime received; // when its last byte had been parsed

  // The first header of that name, compared without case; nullopt when there is none.
  std::optional<std::string_view> header(std::string_view name) const;
  std::size_t header_count(std::string_view name) const;
};

// Whom trusted gateways forwarded a request for: the rightmost entry of X-Forwarded-For that is not a gateway itself.
// The entries to the left of it may be forged. Empty when there is no such entry, or when it is not an IP
// address (with or without a port).
IpAddress client_address(const Request& request, const std::function<bool(const IpAddress&)>& is_gateway);

class Exchange;
using Continuation = std::function<void(Exchange&)>;

// Identifies one deferred exchange. Copyable; may outlive the connection and the server.
class Ticket {
 public:
  // Where continuations are posted to: the server's mailbox, or a test's own.
  struct Address {
    virtual ~Address() = default;
    virtual void deliver(Continuation next) const = 0; // [thread-safe]
  };

  Ticket() = default;
  explicit Ticket(std::shared_ptr<const Address> address) : address_(std::move(address)) {}

  // Runs `next` on the owning reactor, unless the exchange has been answered or has timed out, or the client has
  // disconnected. [thread-safe], never blocks on I/O.
  void resume(Continuation next) const {
    if (address_) address_->deliver(std::move(next));
  }

 private:
  std::shared_ptr<const Address> address_;
};

class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const Request& request() const = 0;

  // Answers. The server adds X-Request-Id, CORS, Date, Content-Length and the connection headers, and
  // leaves the body out for HEAD. Exactly once per exchange; everything is copied before it returns.
  virtual void respond(int status, std::string_view content_type, std::string_view body, FieldList headers = {}) = 0;

  // Leaves the exchange open until a resume or the deadline. on_deadline must respond or call extend; a resumed
  // continuation must respond, defer or extend.
  virtual Ticket defer(SteadyTime deadline, Continuation on_deadline) = 0;
  // Within on_deadline: extends the deadline of the same ticket.
  virtual void extend(SteadyTime deadline, Continuation on_deadline) = 0;

  // Keeps `owner` until the exchange has been answered: of handlers that the server's application does not keep.
  virtual void hold(std::shared_ptr<const void> owner) = 0;

  // What is reported to observers. Endpoints add what they know, as views that are valid until respond() returns; the
  // server fills in the request and the answer.
  virtual RequestOutcome& outcome() = 0;
};

} // namespace authd::http
