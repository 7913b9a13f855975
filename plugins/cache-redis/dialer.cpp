// SPDX-License-Identifier: Apache-2.0
#include "dialer.h"

#include <exception>

#include "error_reply.h"
#include "tls_context.h"

namespace authd::cache_redis {
namespace {

using sdk::Status;

// Runs one step of a greeting; an error reply is a Fault here.
Outcome<Reply> step(Connection& connection, const Command& command, const Deadline& deadline) {
  auto reply = connection.exchange(command, deadline);
  if (!reply) return reply;
  if (const std::string* error = error_of(*reply)) return tl::make_unexpected(classify_error(*error));
  return reply;
}

// Whatever an AUTH is answered that is no OK, it is the log-in that has to be mended.
Outcome<void> log_in(Connection& connection, const Account& account, const Deadline& deadline) {
  if (account.password.empty()) return {};
  Command auth("AUTH");
  if (!account.username.empty()) auth << account.username;
  auth << account.password;
  auto reply = step(connection, auth, deadline);
  if (reply) return {};
  if (reply.error().kind != Fault::Kind::refused) return tl::make_unexpected(std::move(reply.error()));
  return failure(Fault::Kind::refused, Status::denied,
                 "Redis refuses the log-in: check username and password, and whether it wants any");
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
  return failure(Fault::Kind::misdirected, Status::unavailable, "this Redis is not the master (any more)");
}

// A server that loads its data accepts connections, and so does one that is stopped.
Outcome<void> ping(Connection& connection, const Deadline& deadline) {
  auto reply = step(connection, Command("PING"), deadline);
  if (!reply) return tl::make_unexpected(std::move(reply.error()));
  return {};
}

} // namespace

Dialer::Dialer(const Settings& settings)
    : settings_(settings), tls_(settings.url.tls ? make_tls_context(settings.ca_file) : nullptr) {}

Outcome<std::unique_ptr<Connection>> Dialer::open(const Endpoint& to, const Account& account,
                                                  const Deadline& deadline) const {
  auto connection = Connection::open(to, tls_, deadline);
  if (!connection) return connection;
  if (auto done = log_in(**connection, account, deadline); !done) return tl::make_unexpected(done.error());
  return connection;
}

// Threads of ours call this, and one that lets an exception out ends the process.
template <class Attempt>
Outcome<std::unique_ptr<Connection>> Dialer::guarded(Attempt&& attempt) const {
  try {
    return attempt();
  } catch (const std::exception& e) {
    return failure(Fault::Kind::lost, Status::internal, e.what());
  }
}

Outcome<std::unique_ptr<Connection>> Dialer::dial(const Endpoint& to, const Deadline& until) const {
  return guarded([&] { return greet(to, until); });
}

Outcome<std::unique_ptr<Connection>> Dialer::greet(const Endpoint& to, const Deadline& until) const {
  const Deadline deadline = until.capped(settings_.connect_timeout);
  auto connection = open(to, settings_.account, deadline);
  if (!connection) return connection;
  Outcome<void> ready = select(**connection, settings_.db, deadline);
  if (ready && settings_.url.deployment == Deployment::sentinel)
    ready = require_master(**connection, deadline);
  if (ready) ready = ping(**connection, deadline);
  if (!ready) return tl::make_unexpected(ready.error());
  return connection;
}

Outcome<std::unique_ptr<Connection>> Dialer::dial_sentinel(const Endpoint& to, const Deadline& until) const {
  return guarded(
      [&] { return open(to, settings_.sentinel_account, until.capped(settings_.connect_timeout)); });
}

} // namespace authd::cache_redis
