// SPDX-License-Identifier: Apache-2.0
#include "modules/current_store.h"

namespace authd::modules {
namespace {

Failure<CallFailure> no_store() {
  return Failure<CallFailure>(CallFailure{CallStatus::unavailable, 0, milliseconds(0),
                                          "there is no store: add [store] to authd.toml and restart authd"});
}

} // namespace

void CurrentStore::replace(const std::shared_ptr<const plugin::Store>& store) {
  const std::lock_guard lock(mutex_);
  store_ = store;
}

std::shared_ptr<const plugin::Store> CurrentStore::store() const {
  const std::lock_guard lock(mutex_);
  return store_.lock();
}

Result<Record, CallFailure> CurrentStore::get(Call& call, std::string_view type, std::string_view id) const {
  const auto now = store();
  return now != nullptr ? now->get(call, type, id) : no_store();
}

Result<std::vector<Record>, CallFailure> CurrentStore::find(Call& call, std::string_view type, const IndexValue& index,
                                                            bool prefix, std::string_view after,
                                                            std::size_t limit) const {
  const auto now = store();
  return now != nullptr ? now->find(call, type, index, prefix, after, limit) : no_store();
}

Result<std::vector<Record>, CallFailure> CurrentStore::apply(Call& call, const std::vector<Change>& changes,
                                                             std::size_t* failed) {
  const auto now = store();
  if (now != nullptr) return now->apply(call, changes, failed);
  if (failed != nullptr) *failed = changes.size();
  return no_store();
}

} // namespace authd::modules
