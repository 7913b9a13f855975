// SPDX-License-Identifier: Apache-2.0
// The host's side of service "authd.calls/1" (authd/calls.h). It keeps nothing: a call that a plugin opens
// is an ordinary Call that lives until the plugin closes it.
#pragma once

#include "authd/calls.h"

namespace authd::plugin {

const authd_calls_v1* own_calls(); // the one table, for all instances

} // namespace authd::plugin
