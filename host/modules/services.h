// SPDX-License-Identifier: Apache-2.0
// The services of sdk/include/authd/services.h that need nothing but the host itself. Each function makes the table for
// one instance; see plugin::Services.
#pragma once

#include <memory>

#include "base/movable_clock.h"
#include "plugin/host_context.h"
#include "secrets/master_keys.h"

namespace authd::modules {

// What is referred to must outlive every instance.
std::shared_ptr<const void> clock_service(const MovableClock& clock, const plugin::ServiceUser& user);
std::shared_ptr<const void> random_service(const plugin::ServiceUser& user);
// Without master keys there is none: null. An instance's keys are derived by its name.
std::shared_ptr<const void> secrets_service(const MasterKeys& master_keys, const plugin::ServiceUser& user);

} // namespace authd::modules
