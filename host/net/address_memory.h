// SPDX-License-Identifier: Apache-2.0
// Which addresses of a name answered and which failed (RFC 8305, section 4, allows an order by history): a
// name with a dead address costs one connection its time, not every one.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "net/deadline.h"
#include "net/resolver.h"

namespace authd::net {

// [thread-safe]
class AddressMemory {
 public:
  static constexpr std::chrono::seconds kFailedFor{60};
  static constexpr std::size_t kMostNames = 64; // the one that was asked for longest ago is forgotten
  static constexpr std::size_t kMostFailedOfName = 32;

  // The one that answered last, those of which nothing bad is known, those that failed within kFailedFor.
  // Otherwise the order stays.
  Addresses ordered(const HostPort& of, Addresses addresses, SteadyTime now);
  void answered(const HostPort& of, const Address& address, SteadyTime now);
  void failed(const HostPort& of, const Address& address, SteadyTime now);

 private:
  struct Failed {
    Address address;
    SteadyTime at;
  };
  struct Name {
    HostPort name;
    SteadyTime used;
    std::optional<Address> answered = std::nullopt;
    std::vector<Failed> failed = {}; // oldest first
  };

  Name& entry_of(const HostPort& name, SteadyTime now); // mutex_ is held

  std::mutex mutex_;
  std::vector<Name> names_; // guarded by mutex_
};

} // namespace authd::net
