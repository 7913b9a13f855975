// SPDX-License-Identifier: Apache-2.0
// Puts a deadline on a resolver that knows none: each look-up runs on a thread of its own, and who asked
// waits for it as long as they want to. All who ask for one name while it is being looked up share the
// look-up.
#pragma once

#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "net/deadline.h"
#include "net/resolver.h"

namespace authd::net {

// [thread-safe]
class NameLookup {
 public:
  // Names that are looked up at a time; a resolver that hangs must not collect threads.
  static constexpr std::size_t kMostPending = 8;

  explicit NameLookup(Resolver resolver);
  // Waits for no resolver: what is pending ends by itself, and nobody learns its result. A library with this
  // code in it must therefore stay mapped (authd maps plugins with RTLD_NODELETE).
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  // Never an empty list. Literal addresses take no look-up.
  Result<Addresses> addresses_of(const HostPort& host, const Deadline& deadline);

 private:
  class Flight;
  struct Pending {
    HostPort name;
    std::shared_ptr<Flight> flight;
    std::thread thread;
  };

  Result<std::shared_ptr<Flight>> join_or_begin(const HostPort& name);
  void reap_landed();

  const Resolver resolver_;
  std::mutex mutex_;
  std::vector<Pending> pending_; // guarded by mutex_
};

} // namespace authd::net
