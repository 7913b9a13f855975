// SPDX-License-Identifier: Apache-2.0
#include "net/name_lookup.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <system_error>

#include <netdb.h>

#include "net/descriptor.h"

namespace authd::net {
namespace {

struct FreeList {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

int look_up(const Endpoint& host, int flags, Addresses& into) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* found = nullptr;
  const int rc = ::getaddrinfo(host.host.c_str(), host.port.c_str(), &hints, &found);
  if (rc != 0) return rc;
  const std::unique_ptr<addrinfo, FreeList> list(found);
  for (const addrinfo* a = list.get(); a != nullptr; a = a->ai_next) into.emplace_back(a->ai_addr, a->ai_addrlen);
  return 0;
}

// A resolver that throws would end the process, and an empty list would leave nothing to try.
Result<Addresses> resolve(const Resolver& resolver, const Endpoint& name) {
  try {
    auto found = resolver(name);
    if (found && found->empty()) return lasting("name look-up: the name has no address");
    return found;
  } catch (const std::exception& e) {
    return lost(std::string("name look-up: ") + e.what());
  }
}

} // namespace

Result<Addresses> resolve_by_system(const Endpoint& name) {
  Addresses found;
  const int rc = look_up(name, AI_ADDRCONFIG, found);
  if (rc != 0) return lasting(std::string("name look-up: ") + ::gai_strerror(rc));
  return found;
}

std::optional<Result<Addresses>> address_of_literal(const Endpoint& host) {
  if (host.is_unix_socket()) {
    const auto address = Address::of_unix_socket(host.host);
    if (!address) return lasting("the path of the Unix socket is too long");
    return Addresses{*address};
  }
  Addresses found;
  if (look_up(host, AI_NUMERICHOST, found) != 0) return std::nullopt;
  return found;
}

// One look-up, shared by its thread and those who wait; it outlives whichever goes first.
class NameLookup::Flight {
 public:
  void complete(Result<Addresses> result) {
    {
      const std::lock_guard lock(mutex_);
      result_ = std::move(result);
    }
    completed_.raise();
  }
  bool completed() const {
    const std::lock_guard lock(mutex_);
    return result_.has_value();
  }
  Result<Addresses> await(const Deadline& deadline) const {
    if (!deadline.await(completed_.descriptor(), POLLIN)) {
      Failure why = deadline.why_over();
      why.what = "name look-up: " + why.what;
      return tl::unexpected(std::move(why));
    }
    const std::lock_guard lock(mutex_);
    return *result_;
  }

 private:
  const Event completed_;
  mutable std::mutex mutex_;
  std::optional<Result<Addresses>> result_;
};

NameLookup::NameLookup(Resolver resolver) : resolver_(std::move(resolver)) {}

NameLookup::~NameLookup() {
  const std::lock_guard lock(mutex_);
  remove_completed();
  for (Pending& pending : pending_) pending.thread.detach();
}

Result<Addresses> NameLookup::addresses_of(const Endpoint& host, const Deadline& deadline) {
  if (auto literal = address_of_literal(host)) return std::move(*literal);
  const auto flight = join_or_begin(host);
  if (!flight) return tl::unexpected(flight.error());
  return (*flight)->await(deadline);
}

Result<std::shared_ptr<NameLookup::Flight>> NameLookup::join_or_begin(const Endpoint& name) {
  const std::lock_guard lock(mutex_);
  remove_completed();
  const auto same =
      std::find_if(pending_.begin(), pending_.end(), [&](const Pending& pending) { return pending.name == name; });
  if (same != pending_.end()) return same->flight;
  if (pending_.size() >= kMostPending) return lost("name look-up: too many are pending");
  try {
    const auto flight = std::make_shared<Flight>();
    pending_.reserve(pending_.size() + 1); // nothing may fail once the thread runs
    std::thread thread([flight, resolver = resolver_, name] { flight->complete(resolve(resolver, name)); });
    pending_.push_back({name, flight, std::move(thread)});
    return flight;
  } catch (const std::system_error& e) {
    return lost(std::string("name look-up: ") + e.what());
  }
}

// Joins threads that are past their last wait.
void NameLookup::remove_completed() {
  std::erase_if(pending_, [](Pending& pending) {
    if (!pending.flight->completed()) return false;
    pending.thread.join();
    return true;
  });
}

} // namespace authd::net
