// SPDX-License-Identifier: Apache-2.0
// A stream socket for Poco's Redis streams that is never waited for longer than its deadline. Poco's own
// timeouts are per receive, so a server that drips bytes outlives them; inside a TLS record too.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/StreamSocketImpl.h>

#include "deadline.h"
#include "endpoint.h"
#include "fault.h"

namespace authd::cache_redis {

class DeadlineSocket final : public Poco::Net::StreamSocketImpl {
 public:
  using Ptr = Poco::AutoPtr<DeadlineSocket>;

  // Tries the host's addresses in turn, then, with a context, makes it TLS: the host's name is sent (SNI)
  // and checked. A name is looked up by the system's resolver, which knows no deadline.
  static Outcome<Ptr> connect(const Endpoint& to, const Poco::Net::Context::Ptr& tls,
                              const Deadline& deadline);

  // Bounds all that follows. Borrows what the deadline borrows.
  void set_deadline(const Deadline& deadline) { deadline_ = deadline; }
  // Why the last read or write failed; nothing after the orderly end of the stream.
  const std::optional<Fault>& fault() const { return fault_; }
  // Nothing to read: neither the end nor bytes that nobody asked for.
  bool quiet() const;
  // Waits for something to read.
  bool readable(const Deadline& deadline) const;

  // As Poco's; every failure is kept as fault() and thrown as Poco::Exception.
  int receiveBytes(void* buffer, int length, int flags = 0) override;
  // All of it.
  int sendBytes(const void* buffer, int length, int flags = 0) override;

 private:
  DeadlineSocket(Poco::Net::StreamSocket inner, bool tls, const Deadline& deadline)
      : inner_(std::move(inner)), tls_(tls), deadline_(deadline) {}

  bool buffered() const;
  void start_tls(const std::string& host, const Poco::Net::Context::Ptr& context);
  // One try after another of an operation that returns less than zero while it would block.
  template <class Operation>
  int persist(short natural_event, Operation&& operation);
  [[noreturn]] void fail(Fault::Kind kind, sdk::Status status, std::string message);

  Poco::Net::StreamSocket inner_; // non-blocking
  bool tls_;
  Deadline deadline_;
  std::optional<Fault> fault_;
};

} // namespace authd::cache_redis
