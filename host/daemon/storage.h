// SPDX-License-Identifier: Apache-2.0
// What a configuration leaves to authd, because something that it names keeps records or keys: a store, and, outside of
// production, a master key of its own.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "config/config.h"
#include "modules/current_store.h"
#include "modules/records.h"
#include "plugin/store.h"

namespace authd::daemon {

// Adds [store] with the file authd.db where there is none and a module needs records, or there is a signer; and a
// master key from the file beside the store where none is configured and there is something to seal, with a warning
// when it made that file. Throws Refused.
void add_storage(config::Config& config);

// What a plugin is tried with (`authd config check`), which must make no file: the key that add_storage would add if
// its file is there, else one that is nobody's.
MasterKeys master_keys_for_trial(const config::Config& config);

// The store of the configuration, for commands: created and started alone. Throws Refused, also when there is none.
class StoreSession {
 public:
  StoreSession(const config::Config& config, Log& log);
  ~StoreSession();
  StoreSession(const StoreSession&) = delete;
  StoreSession& operator=(const StoreSession&) = delete;

  const plugin::Store& store() const { return *store_; }
  modules::RecordStore& records() { return current_; }

 private:
  modules::CurrentStore current_;
  struct Surroundings;
  std::unique_ptr<Surroundings> surroundings_;
  std::shared_ptr<const plugin::Store> store_;
};

// The path that the store's settings name, else where the store would be without [store].
std::string store_path(const config::Config& config);
// That path, if the store is a file that does not exist yet; else empty.
std::string missing_store(const config::Config& config);

} // namespace authd::daemon
