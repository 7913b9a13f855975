// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/log.h"
#include "daemon/reloader.h"
#include "endpoints/admin.h"

namespace authd::daemon {

// The listener of admin.listen; null if it is "". Its operations act on the generation that serves at that time. A
// default address that cannot be used does not prevent serving: null, and logged. A configured one does: throws. Both
// must outlive it.
std::unique_ptr<endpoints::AdminServer> open_admin_listener(Reloader& reloader, Log& log);

} // namespace authd::daemon
