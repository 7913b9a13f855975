// SPDX-License-Identifier: Apache-2.0
// From names to addresses, within a deadline.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "net/address.h"
#include "net/deadline.h"

namespace authd::net {

// From a name to its addresses, the preferred one first. It may take as long as it likes: NameLookup calls it
// on threads of their own. [thread-safe] [may-block]
using Resolver = std::function<Result<Addresses>(const Endpoint&)>;

// The system's: getaddrinfo(3), in the order of RFC 6724. It has no deadline beside that of resolv.conf(5).
Result<Addresses> resolve_by_system(const Endpoint& name);

// The address of a host that is no name; nullopt: it has to be resolved.
std::optional<Result<Addresses>> address_of_literal(const Endpoint& host);

// Gives a deadline to a resolver that has none: each look-up runs on a thread of its own, and the caller waits
// for it until its own deadline. All who ask for one name while it is being looked up share one look-up.
// [thread-safe]
class NameLookup {
 public:
  // Names that are looked up at a time; a resolver that hangs must not collect threads.
  static constexpr std::size_t kMostPending = 8;

  explicit NameLookup(Resolver resolver);
  // Waits for no resolver: a pending look-up ends by itself, and its result is dropped. A library with this
  // code in it must therefore stay mapped (authd maps plugins with RTLD_NODELETE).
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  // Never an empty list. Literal addresses take no look-up.
  Result<Addresses> addresses_of(const Endpoint& host, const Deadline& deadline);

 private:
  class Flight; // one look-up in progress
  struct Pending {
    Endpoint name;
    std::shared_ptr<Flight> flight;
    std::thread thread;
  };

  Result<std::shared_ptr<Flight>> join_or_begin(const Endpoint& name);
  void remove_completed();

  const Resolver resolver_;
  std::mutex mutex_;
  std::vector<Pending> pending_; // guarded by mutex_
};

} // namespace authd::net
