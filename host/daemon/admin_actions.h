// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/json_writer.h"
#include "base/log.h"
#include "daemon/reloader.h"
#include "daemon/signing_keys.h"
#include "daemon/status_report.h"
#include "endpoints/admin.h"

namespace authd::daemon {

// The listener of admin.listen; null if it is "". Its operations act on the generation that serves at that time. A
// default address that cannot be used does not prevent serving: null, and logged. A configured one does: throws. All
// must outlive it.
std::unique_ptr<endpoints::AdminServer> open_admin_listener(Reloader& reloader, const StatusReport& status,
                                                            SigningKeys& keys, Log& log);

// The plugins that run, as values of an array.
void write_plugins(JsonWriter& json, const Generation& generation);

} // namespace authd::daemon
