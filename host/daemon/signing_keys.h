// SPDX-License-Identifier: Apache-2.0
// The keys that authd signs with, where [signer] is configured, and the thread that takes the steps of their rotation.
// A thread of its own, because store and signer may sleep for seconds: the gateway's probe and the signals must not
// wait for them. Without a signer there is none.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/log.h"
#include "config/config.h"
#include "daemon/plugin_set.h"
#include "endpoints/admin.h"
#include "modules/keys/key_ring.h"
#include "modules/tokens.h"
#include "telemetry/metrics.h"

namespace authd::daemon {

class SigningKeys {
 public:
  // Of the signer among these plugins. Returns when there is a key of each algorithm, or after five seconds.
  // References must outlive it. `tokens` has the keys from now on until this ends.
  SigningKeys(const PluginSet& plugins, const config::Config& config, const ServiceSources& sources,
              telemetry::Metrics& metrics, Log& log);
  ~SigningKeys();
  SigningKeys(const SigningKeys&) = delete;
  SigningKeys& operator=(const SigningKeys&) = delete;

  // For operators. [thread-safe] [may-block]
  endpoints::AdminActions::KeysOutcome list() const;
  // `algorithm`: empty for all.
  endpoints::AdminActions::KeysOutcome rotate(std::string_view algorithm, bool emergency);

 private:
  class Observer;
  void look_for_first_keys();
  void work();
  void look();
  void tell_if_changed(const char* what, const Result<void, CallFailure>& outcome, bool& failing);

  modules::Tokens& tokens_;
  Log& log_;
  std::shared_ptr<modules::keys::KeyRing> ring_; // null: there is no signer
  std::shared_ptr<void> gauges_;
  bool keys_fail_ = false, revoked_fail_ = false; // of the thread
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false; // guarded by mutex_
  std::thread thread_;
};

} // namespace authd::daemon
