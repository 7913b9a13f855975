// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <sys/types.h>

#include "http/server.h"

namespace authd::http {

// One SO_REUSEPORT socket per reactor, all bound to the same address and listening. With port 0 the kernel
// chooses for the first and the others follow. Throws std::runtime_error that names server.host or
// server.port and the remedy, also for a port that another process shares with SO_REUSEPORT.
std::vector<Poco::Net::ServerSocket> open_listeners(const std::string& host, std::uint16_t port, unsigned count);

// One for each reactor, all of the one listening socket `passed`, which is closed: they share its backlog. Throws
// std::system_error.
std::vector<Poco::Net::ServerSocket> share_listener(int passed, unsigned count);

// A listening Unix socket. Replaces a stale one, but not one that another process listens on. Nobody else can connect
// before it has its group and mode. Throws std::runtime_error that names the path or the group, and the remedy.
Poco::Net::ServerSocket open_local_listener(const LocalSocket& socket);

// The user at the other end of a Unix socket; nullopt: unknown.
std::optional<uid_t> user_of_peer(const Poco::Net::StreamSocket& socket);

// Whether a connection waits to be accepted.
bool has_backlog(const Poco::Net::ServerSocket& listener);

enum class AcceptOutcome { accepted, nothing, no_resources };

// Accepts one connection and makes it non-blocking with TCP_NODELAY. `no_resources`: out of descriptors or memory; the
// connection stays in the backlog.
AcceptOutcome accept_one(Poco::Net::ServerSocket& listener, std::optional<Poco::Net::StreamSocket>& socket,
                         Poco::Net::SocketAddress& peer);

} // namespace authd::http
