// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/operation.h"

namespace authd::endpoints::operations {

extern const http::Operation kInvalidate;       // POST /admin/cache/invalidate
extern const http::Operation kCacheStats;       // GET /admin/cache/stats
extern const http::Operation kReload;           // POST /admin/reload
extern const http::Operation kPlugins;          // GET /admin/plugins
extern const http::Operation kStatus;           // GET /admin/status
extern const http::Operation kStatusPage;       // GET /admin/ui
extern const http::Operation kKeys;             // GET /admin/keys
extern const http::Operation kRotateKeys;       // POST /admin/keys/rotate
extern const http::Operation kAdminApiDocument; // GET /

} // namespace authd::endpoints::operations
