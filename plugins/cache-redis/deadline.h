// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "authd/views.hpp"
#include "net/deadline.h"

namespace authd::cache_redis {

using net::Deadline;
using net::SteadyClock;
using net::SteadyTime;
using sdk::milliseconds;

} // namespace authd::cache_redis
