// SPDX-License-Identifier: Apache-2.0
#include "support/kong_store.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace authd::test {

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool fits = dash ? text[i] == '-' : std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
    if (!fits) return false;
  }
  return true;
}

std::string KongStore::random_uuid() {
  const auto high = (random_() & 0xffffffffffff0fffULL) | 0x4000ULL;
  const auto low = (random_() & 0x3fffffffffffffffULL) | 0x8000000000000000ULL;
  std::array<char, 37> text;
  std::snprintf(text.data(), text.size(), "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(high >> 32),
                static_cast<unsigned>(high >> 16 & 0xffff), static_cast<unsigned>(high & 0xffff),
                static_cast<unsigned>(low >> 48), static_cast<unsigned long long>(low & 0xffffffffffffULL));
  return text.data();
}

std::string KongStore::random_key() {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string key(32, ' ');
  std::generate(key.begin(), key.end(), [&] { return kAlphabet[random_() % kAlphabet.size()]; });
  return key;
}

std::string KongStore::add_consumer(std::string username, std::string id) {
  if (id.empty()) id = random_uuid();
  id_by_username_[username] = id;
  by_id_[id] = {id, std::move(username), std::time(nullptr), {}};
  return id;
}

KongConsumer& KongStore::keep(KongConsumer consumer) {
  id_by_username_[consumer.username] = consumer.id;
  for (const auto& [id, credential] : consumer.credentials) owner_by_key_[credential.key] = consumer.id;
  KongConsumer& kept = by_id_[consumer.id];
  kept = std::move(consumer);
  return kept;
}

KongConsumer* KongStore::find(std::string_view id_or_username) {
  std::string_view id = id_or_username;
  if (!is_uuid(id)) {
    const auto named = id_by_username_.find(id);
    if (named == id_by_username_.end()) return nullptr;
    id = named->second;
  }
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

std::optional<KongCredential> KongStore::create(KongConsumer& consumer, KongCredential credential) {
  if (credential.key.empty()) credential.key = random_key();
  if (credential.secret.empty()) credential.secret = random_key();
  if (credential.id.empty()) credential.id = random_uuid();
  if (credential.created_at == 0) credential.created_at = std::time(nullptr);
  if (!owner_by_key_.emplace(credential.key, consumer.id).second) return std::nullopt;
  consumer.credentials[credential.id] = credential;
  return credential;
}

bool KongStore::remove(KongConsumer& consumer, std::string_view id_or_key) {
  for (auto it = consumer.credentials.begin(); it != consumer.credentials.end(); ++it) {
    if (it->first != id_or_key && it->second.key != id_or_key) continue;
    owner_by_key_.erase(it->second.key);
    consumer.credentials.erase(it);
    return true;
  }
  return false;
}

bool KongStore::remove_consumer(std::string_view id_or_username) {
  const KongConsumer* consumer = find(id_or_username);
  if (consumer == nullptr) return false;
  for (const auto& [id, credential] : consumer->credentials) owner_by_key_.erase(credential.key);
  id_by_username_.erase(consumer->username);
  by_id_.erase(std::string(consumer->id));
  return true;
}

} // namespace authd::test
