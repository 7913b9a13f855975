// SPDX-License-Identifier: Apache-2.0
#include "consumer_index.h"

#include <cstring>

#include "kong_uuid.h"

namespace authd::kong_declarative {
namespace {

std::optional<std::size_t> lookup(const std::unordered_map<std::string, std::size_t>& map, const std::string& name) {
  const auto found = map.find(name);
  return found == map.end() ? std::nullopt : std::optional(found->second);
}

} // namespace

ConsumerIndex::~ConsumerIndex() {
  for (Consumer& consumer : consumers_)
    for (Credential& c : consumer.credentials) explicit_bzero(c.secret.data(), c.secret.size());
}

bool ConsumerIndex::has_id(std::string_view id) const { return by_id_.contains(lower(id)); }

bool ConsumerIndex::has_username(const std::string& username) const { return by_username_.contains(username); }

std::size_t ConsumerIndex::add(Consumer consumer) {
  const std::size_t number = consumers_.size();
  if (!consumer.id.empty()) by_id_.emplace(lower(consumer.id), number);
  if (!consumer.username.empty()) by_username_.emplace(consumer.username, number);
  consumers_.push_back(std::move(consumer));
  return number;
}

void ConsumerIndex::add_credential(std::size_t consumer, Credential credential) {
  consumers_[consumer].credentials.push_back(std::move(credential));
  ++credentials_;
}

std::optional<std::size_t> ConsumerIndex::find(std::string_view id_or_username) const {
  if (is_uuid(id_or_username)) return lookup(by_id_, lower(id_or_username));
  return lookup(by_username_, std::string(id_or_username));
}

std::optional<std::size_t> ConsumerIndex::find_reference(const std::string& id_or_username) const {
  const auto by_username = lookup(by_username_, id_or_username);
  return by_username ? by_username : lookup(by_id_, lower(id_or_username));
}

} // namespace authd::kong_declarative
