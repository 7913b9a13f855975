// SPDX-License-Identifier: Apache-2.0
#include "endpoints/operations/listeners.h"

#include "endpoints/operations/admin.h"
#include "endpoints/operations/api.h"
#include "endpoints/operations/health.h"
#include "endpoints/operations/jwks.h"
#include "endpoints/operations/metrics.h"
#include "endpoints/operations/profiling.h"
#include "endpoints/operations/telemetry.h"
#include "endpoints/operations/tokens.h"

namespace authd::endpoints::operations {

std::vector<const http::Operation*> of_public_listener(config::Environment environment, Served served) {
  std::vector<const http::Operation*> all;
  if (served.gateway) all = {&kIssueToken, &kValidateToken};
  all.insert(all.end(), {&kHealth, &kLive, &kReady, &kTelemetryHealth, &kMetricsHealth});
  if (environment != config::Environment::production)
    all.insert(all.end(), {&kRecordTestValues, &kExportNow, &kExportStats, &kStartProfiling, &kStopProfiling,
                           &kProfilingStatus, &kListProfiles, &kGetProfile, &kCleanUpProfiles});
  all.push_back(&kMetrics);
  if (served.signer) all.push_back(&kJwks);
  all.push_back(&kApiDocument);
  return all;
}

std::vector<const http::Operation*> of_admin_listener() {
  return {&kInvalidate, &kCacheStats, &kReload,     &kPlugins,         &kStatus,
          &kStatusPage, &kKeys,       &kRotateKeys, &kAdminApiDocument};
}

} // namespace authd::endpoints::operations
