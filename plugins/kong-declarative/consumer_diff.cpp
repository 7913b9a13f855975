// SPDX-License-Identifier: Apache-2.0
#include "consumer_diff.h"

#include <set>

#include "kong_uuid.h"

namespace authd::kong_declarative {
namespace {

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

} // namespace

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

} // namespace authd::kong_declarative
