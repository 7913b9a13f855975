// SPDX-License-Identifier: Apache-2.0
#include "endpoints/operations/listeners.h"

#include "endpoints/operations/admin.h"
#include "endpoints/operations/api.h"
#include "endpoints/operations/health.h"
#include "endpoints/operations/metrics.h"
#include "endpoints/operations/tokens.h"

namespace authd::endpoints::operations {

std::vector<const http::Operation*> of_public_listener() {
  return {&kIssueToken, &kValidateToken, &kHealth, &kLive, &kReady, &kMetrics, &kApiDocument};
}

std::vector<const http::Operation*> of_admin_listener() {
  return {&kInvalidate, &kCacheStats, &kReload, &kPlugins, &kAdminApiDocument};
}

} // namespace authd::endpoints::operations
