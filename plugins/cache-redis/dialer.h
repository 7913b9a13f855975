// SPDX-License-Identifier: Apache-2.0
// Makes connections that are ready for commands: connected, secured, logged in, and to a server that answers.
#pragma once

#include <memory>

#include "connection.h"
#include "fault.h"
#include "net/connector.h"
#include "net/tls_context.h"
#include "settings.h"

namespace authd::cache_redis {

class Dialer {
 public:
  // How long operations wait for a connection to be made; the addresses of a name take turns within it.
  static constexpr milliseconds kPatience{500};

  // The settings must outlive it. Throws std::invalid_argument for a ca_file that cannot be read.
  explicit Dialer(const Settings& settings, net::Resolver resolver = net::resolve_by_system);

  // To a server of data. Where sentinels say who is master, it must agree that it is. Status::denied when
  // the log-in is refused. Bounded by connect_timeout too.
  Outcome<std::unique_ptr<Connection>> dial(const Endpoint& to, const Deadline& deadline) const;
  Outcome<std::unique_ptr<Connection>> dial_sentinel(const Endpoint& to, const Deadline& deadline) const;

  const Settings& settings() const { return settings_; }

 private:
  using Handshake = Outcome<void> (Dialer::*)(Connection&, const Deadline&) const;

  Outcome<std::unique_ptr<Connection>> open(const Endpoint& to, const Deadline& deadline, Handshake make_ready) const;
  Outcome<net::DeadlineSocket> connect(const Endpoint& to, const Deadline& deadline) const;
  Outcome<void> handshake(Connection& connection, const Deadline& deadline) const;
  Outcome<void> handshake_sentinel(Connection& connection, const Deadline& deadline) const;

  const Settings& settings_;
  const std::shared_ptr<SSL_CTX> tls_; // null: plain
  mutable net::Connector connector_;   // [thread-safe]
};

} // namespace authd::cache_redis
