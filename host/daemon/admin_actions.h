// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/reloader.h"
#include "endpoints/admin.h"

namespace authd::daemon {

// What operations do, to whichever generation serves when one is asked for. The reloader must outlive them.
endpoints::AdminActions admin_actions(Reloader& reloader);

} // namespace authd::daemon
