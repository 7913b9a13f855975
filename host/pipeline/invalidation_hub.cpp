// SPDX-License-Identifier: Apache-2.0
#include "pipeline/invalidation_hub.h"

#include <algorithm>
#include <utility>

#include "base/abi_views.h"

namespace authd::pipeline {

// What plugins hold pointers to, and how those lead back here.
struct InvalidationHub::TiersTable : authd_tiers_v1 {
  TiersTable(InvalidationHub& to, const plugin::ServiceUser& user)
      : authd_tiers_v1{sizeof(authd_tiers_v1), 0, user.host, &on_invalidated, &on_resync, &on_cleared}, hub(to),
        resync_may_mean_cleared(user.min_minor < 1) {}

  static const TiersTable& of(const authd_tiers_v1* table) { return *static_cast<const TiersTable*>(table); }

  static void on_invalidated(const authd_tiers_v1* table, authd_str key) {
    of(table).hub.tell_all([key](Listener& l) { l.invalidated(view(key)); });
  }
  static void on_resync(const authd_tiers_v1* table) {
    if (of(table).resync_may_mean_cleared) return on_cleared(table);
    of(table).hub.tell_all([](Listener& l) { l.missed(); });
  }
  static void on_cleared(const authd_tiers_v1* table) {
    of(table).hub.tell_all([](Listener& l) { l.cleared(); });
  }

  InvalidationHub& hub;
  const bool resync_may_mean_cleared;
};

struct InvalidationHub::ConsumersTable : authd_consumers_v1 {
  ConsumersTable(InvalidationHub& to, const plugin::ServiceUser& user)
      : authd_consumers_v1{sizeof(authd_consumers_v1), 0, user.host, &on_changed, &on_all_changed}, hub(to) {}

  static InvalidationHub& of(const authd_consumers_v1* table) { return static_cast<const ConsumersTable*>(table)->hub; }

  static void on_changed(const authd_consumers_v1* table, authd_str consumer) {
    of(table).tell_all([consumer](Listener& l) { l.changed(view(consumer)); });
  }
  static void on_all_changed(const authd_consumers_v1* table) {
    of(table).tell_all([](Listener& l) { l.all_changed(); });
  }

  InvalidationHub& hub;
};

std::shared_ptr<const authd_tiers_v1> InvalidationHub::tiers_for(const plugin::ServiceUser& user) {
  return std::make_shared<const TiersTable>(*this, user);
}

std::shared_ptr<const authd_consumers_v1> InvalidationHub::consumers_for(const plugin::ServiceUser& user) {
  return std::make_shared<const ConsumersTable>(*this, user);
}

void InvalidationHub::attach(Listener& listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(&listener);
}

void InvalidationHub::detach(Listener& listener) {
  const std::lock_guard lock(mutex_);
  listeners_.erase(std::remove(listeners_.begin(), listeners_.end(), &listener), listeners_.end());
}

template <class Report>
void InvalidationHub::tell_all(Report report) {
  const std::lock_guard lock(mutex_);
  for (Listener* listener : listeners_) report(*listener);
}

void ConsumerChanges::add(std::string_view consumer) {
  {
    const std::lock_guard lock(mutex_);
    pending_.emplace(consumer);
  }
  (void)worker_.submit(BlockingLane::plain_job([this] { carry_out(); }));
}

void ConsumerChanges::add_all() {
  {
    const std::lock_guard lock(mutex_);
    all_pending_ = true;
  }
  (void)worker_.submit(BlockingLane::plain_job([this] { carry_out(); }));
}

void ConsumerChanges::carry_out() {
  std::unique_lock lock(mutex_);
  const bool all = std::exchange(all_pending_, false);
  const auto consumers = std::exchange(pending_, {});
  lock.unlock();
  if (all) {
    forget_all_();
    return;
  }
  for (const std::string& consumer : consumers) forget_(consumer);
}

} // namespace authd::pipeline
