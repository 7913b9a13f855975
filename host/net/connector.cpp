// SPDX-License-Identifier: Apache-2.0
#include "net/connector.h"

#include <algorithm>

namespace authd::net {
namespace {

// "10.0.0.1:80: Connection refused; 10.0.0.2:80: no answer in time". A lone address that the caller named
// itself is left out: messages begin with it anyway.
std::string describe(const Addresses& addresses, const std::vector<RaceEnd::Loser>& losers, bool was_name) {
  if (!was_name && losers.size() == 1) return losers.front().why;
  std::string text;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::string why = i < losers.size() ? losers[i].why : "not tried";
    text += (text.empty() ? "" : "; ") + addresses[i].text() + ": " + why;
  }
  return text;
}

} // namespace

Addresses AddressMemory::ordered(const Endpoint& of, Addresses addresses, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  Name& name = entry_of(of, now);
  std::erase_if(name.failed, [&](const Failed& failed) { return now - failed.at >= kFailedFor; });
  const auto has_failed = [&](const Address& address) {
    return std::any_of(name.failed.begin(), name.failed.end(),
                       [&](const Failed& failed) { return failed.address == address; });
  };
  const auto rank = [&](const Address& address) {
    if (name.answered == address) return 0;
    return has_failed(address) ? 2 : 1;
  };
  std::stable_sort(addresses.begin(), addresses.end(),
                   [&](const Address& a, const Address& b) { return rank(a) < rank(b); });
  return addresses;
}

void AddressMemory::answered(const Endpoint& of, const Address& address, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  Name& name = entry_of(of, now);
  name.answered = address;
  std::erase_if(name.failed, [&](const Failed& failed) { return failed.address == address; });
}

void AddressMemory::failed(const Endpoint& of, const Address& address, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  Name& name = entry_of(of, now);
  if (name.answered == address) name.answered.reset();
  std::erase_if(name.failed, [&](const Failed& failed) { return failed.address == address; });
  if (name.failed.size() >= kMostFailedOfName) name.failed.erase(name.failed.begin());
  name.failed.push_back({address, now});
}

AddressMemory::Name& AddressMemory::entry_of(const Endpoint& name, SteadyTime now) {
  auto entry = std::find_if(names_.begin(), names_.end(), [&](const Name& known) { return known.name == name; });
  if (entry == names_.end() && names_.size() < kMostNames) entry = names_.insert(names_.end(), Name{name, now});
  if (entry == names_.end()) {
    entry =
        std::min_element(names_.begin(), names_.end(), [](const Name& a, const Name& b) { return a.used < b.used; });
    *entry = Name{name, now};
  }
  entry->used = now;
  return *entry;
}

Result<DeadlineSocket> Connector::connect(const Endpoint& to, const Deadline& deadline, milliseconds patience) {
  if (deadline.over()) return tl::unexpected(deadline.why_over());
  auto found = lookup_.addresses_of(to, deadline);
  if (!found) return tl::unexpected(std::move(found.error()));
  const Addresses addresses = memory_.ordered(to, interleaved(*found), SteadyClock::now());
  const milliseconds left = deadline.remaining();
  const bool somebody_waits = patience > milliseconds::zero();
  const auto delay = attempt_delay(addresses.size(), somebody_waits ? std::min(patience, left) : left);
  RaceEnd end = race(addresses, delay, deadline);
  if (!end.winner && deadline.why_over().kind == Failure::Kind::interrupted)
    return tl::unexpected(deadline.why_over()); // which says nothing about the addresses
  for (const RaceEnd::Loser& loser : end.losers) memory_.failed(to, loser.address, SteadyClock::now());
  if (!end.winner) {
    Failure failure{deadline.over() ? Failure::Kind::timed_out : Failure::Kind::lost,
                    describe(addresses, end.losers, addresses.size() > 1 || !address_of_literal(to))};
    return tl::unexpected(std::move(failure));
  }
  memory_.answered(to, end.winner->address, SteadyClock::now());
  return DeadlineSocket(std::move(end.winner->socket), end.winner->address);
}

void Connector::distrust(const Endpoint& host, const Address& address) {
  memory_.failed(host, address, SteadyClock::now());
}

} // namespace authd::net
