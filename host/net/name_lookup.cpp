// SPDX-License-Identifier: Apache-2.0
#include "net/name_lookup.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <optional>
#include <system_error>

#include <sys/eventfd.h>

#include "net/descriptor.h"

namespace authd::net {

// One look-up, shared by its thread and those who wait; it outlives whichever goes first.
class NameLookup::Flight {
 public:
  Flight() : landing_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (landing_.get() < 0) throw std::system_error(errno, std::system_category(), "eventfd");
  }

  void land(Result<Addresses> result) {
    {
      const std::lock_guard lock(mutex_);
      result_ = std::move(result);
    }
    ::eventfd_write(landing_.get(), 1); // never read: it stays readable for all who wait
  }
  bool landed() const {
    const std::lock_guard lock(mutex_);
    return result_.has_value();
  }
  Result<Addresses> await(const Deadline& deadline) const {
    if (!deadline.await(landing_.get(), POLLIN)) {
      Failure why = deadline.why_over();
      why.what = "name look-up: " + why.what;
      return tl::unexpected(std::move(why));
    }
    const std::lock_guard lock(mutex_);
    return *result_;
  }

 private:
  const Descriptor landing_;
  mutable std::mutex mutex_;
  std::optional<Result<Addresses>> result_;
};

namespace {

// A resolver that throws would end the process, and one that finds nothing would leave nothing to say.
Result<Addresses> resolve(const Resolver& resolver, const HostPort& name) {
  try {
    auto found = resolver(name);
    if (found && found->empty()) return lasting("name look-up: the name has no address");
    return found;
  } catch (const std::exception& e) {
    return lost(std::string("name look-up: ") + e.what());
  }
}

} // namespace

NameLookup::NameLookup(Resolver resolver) : resolver_(std::move(resolver)) {}

NameLookup::~NameLookup() {
  const std::lock_guard lock(mutex_);
  reap_landed();
  for (Pending& pending : pending_) pending.thread.detach();
}

Result<Addresses> NameLookup::addresses_of(const HostPort& host, const Deadline& deadline) {
  if (auto literal = address_of_literal(host)) return std::move(*literal);
  const auto flight = join_or_begin(host);
  if (!flight) return tl::unexpected(flight.error());
  return (*flight)->await(deadline);
}

Result<std::shared_ptr<NameLookup::Flight>> NameLookup::join_or_begin(const HostPort& name) {
  const std::lock_guard lock(mutex_);
  reap_landed();
  const auto same =
      std::find_if(pending_.begin(), pending_.end(), [&](const Pending& pending) { return pending.name == name; });
  if (same != pending_.end()) return same->flight;
  if (pending_.size() >= kMostPending) return lost("name look-up: too many are pending");
  try {
    const auto flight = std::make_shared<Flight>();
    pending_.reserve(pending_.size() + 1); // nothing may fail once the thread runs
    std::thread thread([flight, resolver = resolver_, name] { flight->land(resolve(resolver, name)); });
    pending_.push_back({name, flight, std::move(thread)});
    return flight;
  } catch (const std::system_error& e) {
    return lost(std::string("name look-up: ") + e.what());
  }
}

// Their threads are past their last wait.
void NameLookup::reap_landed() {
  std::erase_if(pending_, [](Pending& pending) {
    if (!pending.flight->landed()) return false;
    pending.thread.join();
    return true;
  });
}

} // namespace authd::net
