// SPDX-License-Identifier: Apache-2.0
#include "net/address_memory.h"

#include <algorithm>

namespace authd::net {

Addresses AddressMemory::ordered(const HostPort& of, Addresses addresses, SteadyTime now) {
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

void AddressMemory::answered(const HostPort& of, const Address& address, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  Name& name = entry_of(of, now);
  name.answered = address;
  std::erase_if(name.failed, [&](const Failed& failed) { return failed.address == address; });
}

void AddressMemory::failed(const HostPort& of, const Address& address, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  Name& name = entry_of(of, now);
  if (name.answered == address) name.answered.reset();
  std::erase_if(name.failed, [&](const Failed& failed) { return failed.address == address; });
  if (name.failed.size() >= kMostFailedOfName) name.failed.erase(name.failed.begin());
  name.failed.push_back({address, now});
}

AddressMemory::Name& AddressMemory::entry_of(const HostPort& name, SteadyTime now) {
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

} // namespace authd::net
