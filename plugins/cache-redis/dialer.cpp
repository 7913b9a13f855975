// SPDX-License-Identifier: Apache-2.0
#include "dialer.h"

#include <exception>
#include <stdexcept>

#include "fault.h"

namespace authd::cache_redis {
namespace {

using sdk::Status;

// Runs one step of a handshake; an error reply is a Fault here.
Outcome<Reply> step(Connection& connection, const Command& command, const Deadline& deadline) {
  auto reply = connection.exchange(command, deadline);
  if (!reply) return reply;
  if (const std::string* error = error_of(*reply)) return tl::make_unexpected(classify_error(*error));
  return reply;
}

// Any answer to AUTH but OK means that the log-in settings have to be corrected.
Outcome<void> log_in(Connection& connection, const Account& account, const Deadline& deadline) {
  if (account.password.empty()) return {};
  Command auth("AUTH");
  if (!account.username.empty()) auth << account.username;
  auth << std::string(account.password.reveal());
  auto reply = step(connection, auth, deadline);
  if (reply) return {};
  if (reply.error().kind != Fault::Kind::refused) return tl::make_unexpected(std::move(reply.error()));
  return failure(Fault::Kind::refused, Status::denied,
                 "Redis refuses the log-in: check username and password, and whether Redis requires them");
}

Outcome<void> select(Connection& connection, int db, const Deadline& deadline) {
  if (db == 0) return {};
  Command command("SELECT");
  command << std::to_string(db);
  auto reply = step(connection, command, deadline);
  if (reply) return {};
  if (reply.error().kind != Fault::Kind::refused || reply.error().status == Status::denied)
    return tl::make_unexpected(std::move(reply.error()));
  return failure(Fault::Kind::refused, Status::denied,
                 "Redis has no database " + std::to_string(db) + ": check db (a cluster has only 0)");
}

Outcome<void> require_master(Connection& connection, const Deadline& deadline) {
  auto reply = step(connection, Command("ROLE"), deadline);
  if (!reply) return tl::make_unexpected(std::move(reply.error()));
  const auto role = elements_of(*reply);
  if (!role.empty() && text_of(role.front()) == "master") return {};
  return failure(Fault::Kind::misdirected, Status::unavailable, "this Redis is not the master");
}

// A server that loads its data accepts connections, and so does one that is stopped.
Outcome<void> ping(Connection& connection, const Deadline& deadline) {
  auto reply = step(connection, Command("PING"), deadline);
  if (!reply) return tl::make_unexpected(std::move(reply.error()));
  return {};
}

std::shared_ptr<SSL_CTX> tls_context_of(const Settings& settings) {
  if (!settings.url.tls) return nullptr;
  try {
    return net::make_tls_context(settings.ca_file);
  } catch (const std::invalid_argument& e) {
    throw std::invalid_argument(std::string("ca_file: ") + e.what());
  }
}

tl::unexpected<Fault> no_connection(const net::Failure& why) {
  Fault fault = fault_of(why);
  fault.message = "no connection: " + fault.message;
  return tl::unexpected(std::move(fault));
}

// Another address of the same name may do better.
bool is_silence(const Fault& fault) { return fault.kind == Fault::Kind::timed_out || fault.kind == Fault::Kind::lost; }

} // namespace

Dialer::Dialer(const Settings& settings, net::Resolver resolver)
    : settings_(settings), tls_(tls_context_of(settings)), connector_(std::move(resolver)) {}

Outcome<std::unique_ptr<Connection>> Dialer::dial(const Endpoint& to, const Deadline& deadline) const {
  return open(to, deadline, &Dialer::handshake);
}

Outcome<std::unique_ptr<Connection>> Dialer::dial_sentinel(const Endpoint& to, const Deadline& deadline) const {
  return open(to, deadline, &Dialer::handshake_sentinel);
}

// Threads of ours call this, and one that lets an exception out ends the process.
Outcome<std::unique_ptr<Connection>> Dialer::open(const Endpoint& to, const Deadline& until,
                                                  Handshake make_ready) const {
  const Deadline deadline = until.capped(settings_.connect_timeout);
  try {
    auto socket = connect(to, deadline);
    if (!socket) return tl::make_unexpected(std::move(socket.error()));
    auto connection = std::make_unique<Connection>(std::move(*socket));
    if (auto ready = (this->*make_ready)(*connection, deadline); !ready) {
      if (is_silence(ready.error())) connector_.distrust(to, connection->peer());
      return tl::make_unexpected(std::move(ready.error()));
    }
    return connection;
  } catch (const std::exception& e) {
    return failure(Fault::Kind::lost, Status::internal, e.what());
  }
}

Outcome<net::DeadlineSocket> Dialer::connect(const Endpoint& to, const Deadline& deadline) const {
  auto socket = connector_.connect(to, deadline, kPatience);
  if (!socket) return no_connection(socket.error());
  if (!tls_) return std::move(*socket);
  if (auto secured = socket->secure(to.host, tls_.get(), deadline); !secured) {
    connector_.distrust(to, socket->peer());
    return no_connection(secured.error());
  }
  return std::move(*socket);
}

Outcome<void> Dialer::handshake(Connection& connection, const Deadline& deadline) const {
  Outcome<void> ready = log_in(connection, settings_.account, deadline);
  if (ready) ready = select(connection, settings_.db, deadline);
  if (ready && settings_.url.deployment == Deployment::sentinel) ready = require_master(connection, deadline);
  if (ready) ready = ping(connection, deadline);
  return ready;
}

Outcome<void> Dialer::handshake_sentinel(Connection& connection, const Deadline& deadline) const {
  return log_in(connection, settings_.sentinel_account, deadline);
}

} // namespace authd::cache_redis
