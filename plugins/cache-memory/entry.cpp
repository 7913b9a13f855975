// SPDX-License-Identifier: Apache-2.0
#include "entry.h"

#include <cstring>
#include <new>

namespace authd::cache_memory {

void EntryDeleter::operator()(Entry* entry) const {
  explicit_bzero(entry + 1, entry->key_bytes + std::size_t{entry->value_bytes});
  entry->~Entry();
  ::operator delete(entry);
}

EntryPtr make_entry(std::uint64_t hash, std::string_view key, std::string_view value) {
  void* block = ::operator new(sizeof(Entry) + key.size() + value.size());
  EntryPtr entry(new (block) Entry);
  entry->hash = hash;
  entry->key_bytes = static_cast<std::uint32_t>(key.size());
  entry->value_bytes = static_cast<std::uint32_t>(value.size());
  char* payload = reinterpret_cast<char*>(entry.get() + 1);
  if (!key.empty()) std::memcpy(payload, key.data(), key.size());
  if (!value.empty()) std::memcpy(payload + key.size(), value.data(), value.size());
  return entry;
}

} // namespace authd::cache_memory
