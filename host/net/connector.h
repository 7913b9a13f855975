// SPDX-License-Identifier: Apache-2.0
// From a host and port to a connection: the name look-up, then Happy Eyeballs over its addresses (RFC 8305),
// all within one deadline, with a memory of which address answered.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "net/deadline_socket.h"
#include "net/name_lookup.h"
#include "net/race.h"

namespace authd::net {

// Which addresses of a name answered and which failed (RFC 8305, section 4, allows an order by history): a
// name with a dead address then delays one connection and not every one. [thread-safe]
class AddressMemory {
 public:
  static constexpr std::chrono::seconds kFailedFor{60};
  static constexpr std::size_t kMostNames = 64; // the one that was asked for longest ago is forgotten
  static constexpr std::size_t kMostFailedOfName = 32;

  // The one that answered last, those of which nothing bad is known, those that failed within kFailedFor.
  // Otherwise the order stays.
  Addresses ordered(const Endpoint& of, Addresses addresses, SteadyTime now);
  void answered(const Endpoint& of, const Address& address, SteadyTime now);
  void failed(const Endpoint& of, const Address& address, SteadyTime now);

 private:
  struct Failed {
    Address address;
    SteadyTime at;
  };
  struct Name {
    Endpoint name;
    SteadyTime used;
    std::optional<Address> answered = std::nullopt;
    std::vector<Failed> failed = {}; // oldest first
  };

  Name& entry_of(const Endpoint& name, SteadyTime now); // mutex_ is held

  std::mutex mutex_;
  std::vector<Name> names_; // guarded by mutex_
};

// [thread-safe]
class Connector {
 public:
  explicit Connector(Resolver resolver = resolve_by_system) : lookup_(std::move(resolver)) {}

  // `patience`: how long a caller waits for what the connection is made for; all addresses are tried within
  // it. Zero or less: no caller waits. A failure names every address that was tried, unless the host is one
  // itself. [may-block]
  Result<DeadlineSocket> connect(const Endpoint& to, const Deadline& deadline, milliseconds patience);

  // To be called when a connection to this address was accepted, but nothing answered on it. The
  // address is tried last for AddressMemory::kFailedFor.
  void distrust(const Endpoint& host, const Address& address);

 private:
  NameLookup lookup_;
  AddressMemory memory_;
};

} // namespace authd::net
