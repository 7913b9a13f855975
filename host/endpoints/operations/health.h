// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/operation.h"

namespace authd::endpoints::operations {

extern const http::Operation kHealth; // GET /health
extern const http::Operation kLive;   // GET /health/live
extern const http::Operation kReady;  // GET /health/ready

} // namespace authd::endpoints::operations
