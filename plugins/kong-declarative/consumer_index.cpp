// SPDX-License-Identifier: Apache-2.0
#include "consumer_index.h"

#include <algorithm>
#include <cstring>
#include <set>

#include <Poco/SHA1Engine.h>
#include <Poco/UUID.h>
#include <Poco/UUIDGenerator.h>

namespace authd::kong_declarative {
namespace {

std::optional<std::size_t> look_up(const std::unordered_map<std::string, std::size_t>& map, const std::string& name) {
  const auto found = map.find(name);
  return found == map.end() ? std::nullopt : std::optional(found->second);
}

const Consumer* find(const ConsumerIndex& index, const std::string& name) {
  const auto number = index.find(name);
  return number ? &index.at(*number) : nullptr;
}

bool same_answer(const std::string& name, const ConsumerIndex& before, const ConsumerIndex& after) {
  const Consumer* was = find(before, name);
  const Consumer* is = find(after, name);
  if (was == nullptr || is == nullptr) return was == is;
  return was->id == is->id && was->credentials == is->credentials;
}

constexpr const char* kKongNamespace = "fd02801f-0957-4a15-a55a-c8d9606f30b5";

Poco::UUID version_5(const Poco::UUID& name_space, const std::string& name) {
  Poco::UUIDGenerator generator;
  Poco::SHA1Engine sha1;
  return generator.createFromName(name_space, name, sha1, Poco::UUID::UUID_NAME_BASED_SHA1);
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

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
  if (is_uuid(id_or_username)) return look_up(by_id_, lower(id_or_username));
  return look_up(by_username_, std::string(id_or_username));
}

std::optional<std::size_t> ConsumerIndex::find_reference(const std::string& id_or_username) const {
  const auto by_username = look_up(by_username_, id_or_username);
  return by_username ? by_username : look_up(by_id_, lower(id_or_username));
}

std::vector<std::string> changed_names(const ConsumerIndex& before, const ConsumerIndex& after) {
  std::set<std::string> changed;
  for (const ConsumerIndex* index : {&before, &after}) {
    for (std::size_t i = 0; i < index->consumers(); ++i) {
      const Consumer& consumer = index->at(i);
      // An id is found whatever the case of its letters; Kong sends it as the file has it, others in lower case.
      for (const std::string& name : {consumer.id, lower(consumer.id), consumer.username})
        if (!same_answer(name, before, after)) changed.insert(name);
    }
  }
  return {changed.begin(), changed.end()};
}

std::string derived_id(const std::string& entity, const std::string& name) {
  return version_5(version_5(Poco::UUID(kKongNamespace), entity), name).toString();
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return text.size() == kShape.size() && std::equal(text.begin(), text.end(), kShape.begin(), [](char c, char shape) {
           return shape == '-' ? c == '-' : is_hex(c);
         });
}

std::string lower(std::string_view ascii) {
  std::string text(ascii);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

} // namespace authd::kong_declarative
