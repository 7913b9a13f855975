// SPDX-License-Identifier: Apache-2.0
// What changed at a gateway's source, told to the host through its "authd.consumers/1".
#pragma once

#include <string_view>

#include "authd/consumers.h"
#include "authd/views.hpp"

namespace authd::sdk {

// For gateways, from start on until stop has returned. Where the host has no such service (1.0), nothing is
// told: what changed is then noticed when a cached copy expires. [thread-safe]
class Consumers {
 public:
  explicit Consumers(const Host& host) : consumers_(host.service<authd_consumers_v1>(AUTHD_CONSUMERS_V1)) {}

  bool available() const { return AUTHD_HAS(consumers_, changed) && AUTHD_HAS(consumers_, all_changed); }

  // get_secret of this name answers something else from now on.
  void changed(std::string_view consumer) const {
    if (AUTHD_HAS(consumers_, changed)) consumers_->changed(consumers_, raw(consumer));
  }
  // Of every name.
  void all_changed() const {
    if (AUTHD_HAS(consumers_, all_changed)) consumers_->all_changed(consumers_);
  }

 private:
  const authd_consumers_v1* consumers_;
};

} // namespace authd::sdk
