// SPDX-License-Identifier: Apache-2.0
// Ensures, once and in the background, that a realm exists which the control plane may use. Consumers are
// found without it, so no token ever waits for it or fails with it: a failure is one warning in the log and a
// sentence for the health report. [thread-safe] except start and stop
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "authd/calls.hpp"
#include "kong-admin/admin_client.h"
#include "konnect_api.h"

namespace authd::kong_konnect {

class RealmProvisioner {
 public:
  // `client` must outlive it. Throws std::invalid_argument for a name that cannot be part of a URL.
  RealmProvisioner(const sdk::Host& host, const kong_admin::AdminClient& client, const ControlPlane& plane,
                   std::string name);
  ~RealmProvisioner() { stop(); }

  void start();
  // Ends what is under way, within a tenth of a second.
  void stop();

  // Why the realm is not known to exist; empty when it is, and while nothing has gone wrong so far.
  std::string trouble() const;

 private:
  using Failure = sdk::OwnCall::Failure;

  void run();
  std::optional<Failure> attempt();
  sdk::Call* begin(); // nullptr: stop was called
  sdk::Status ensure(sdk::Call& call) const;
  bool stopping_after(const Failure& failure);
  bool pause(sdk::milliseconds time); // false: stop was called

  const sdk::Host host_;
  const sdk::OwnCalls calls_;
  const kong_admin::AdminClient& client_;
  const std::string name_;
  const std::string realms_; // URL of the collection
  const std::string realm_;  // URL of this one
  const std::string body_;   // what creates it

  mutable std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  std::optional<sdk::OwnCall> under_way_; // or over; the last one
  std::string trouble_;

  std::thread thread_; // last: it uses all of the above
};

} // namespace authd::kong_konnect
