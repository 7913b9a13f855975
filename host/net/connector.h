// SPDX-License-Identifier: Apache-2.0
// From a host and port to a connection: the name look-up, then Happy Eyeballs over its addresses (RFC 8305),
// all within one deadline, with a memory of which address answered.
#pragma once

#include "net/address_memory.h"
#include "net/deadline_socket.h"
#include "net/name_lookup.h"
#include "net/race.h"

namespace authd::net {

// [thread-safe]
class Connector {
 public:
  explicit Connector(Resolver resolver = resolve_by_system) : lookup_(std::move(resolver)) {}

  // `patience`: how long somebody waits for what the connection is made for; the addresses take turns within
  // it. Zero or less: nobody waits. A failure names every address that was tried, unless the host is one
  // itself. [may-block]
  Result<DeadlineSocket> connect(const HostPort& to, const Deadline& deadline, milliseconds patience);

  // What was tried over a connection to this address failed: it was accepted, but nobody answered. The
  // address is tried last for AddressMemory::kFailedFor.
  void distrust(const HostPort& host, const Address& address);

 private:
  NameLookup lookup_;
  AddressMemory memory_;
};

} // namespace authd::net
