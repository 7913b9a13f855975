// SPDX-License-Identifier: Apache-2.0
// What another instance dropped, told to the host through its "authd.tiers/1".
#pragma once

#include <string_view>

#include "authd/tiers.h"
#include "authd/views.hpp"

namespace authd::sdk {

// For remote cache tiers, from start on until stop has returned. Where the host has no such service,
// nothing is told and nobody has to care. [thread-safe]
class Tiers {
 public:
  explicit Tiers(const Host& host) : tiers_(host.service<authd_tiers_v1>(AUTHD_TIERS_V1)) {}

  bool available() const { return AUTHD_HAS(tiers_, invalidated) && AUTHD_HAS(tiers_, resync); }

  // Another instance deleted this key, as it was handed to del.
  void invalidated(std::string_view key) const {
    if (AUTHD_HAS(tiers_, invalidated)) tiers_->invalidated(tiers_, raw(key));
  }
  // Messages may have been missed.
  void resync() const {
    if (AUTHD_HAS(tiers_, resync)) tiers_->resync(tiers_);
  }
  // Another instance dropped everything. A host of 1.0 has one word for both.
  void cleared() const {
    if (AUTHD_HAS(tiers_, cleared)) {
      tiers_->cleared(tiers_);
    } else {
      resync();
    }
  }

 private:
  const authd_tiers_v1* tiers_;
};

} // namespace authd::sdk
