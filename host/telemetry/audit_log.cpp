// SPDX-License-Identifier: Apache-2.0
#include "telemetry/audit_log.h"

namespace authd::telemetry {

AuditLog::AuditLog(const config::Telemetry& telemetry, Log& log) : on_(telemetry.audit), shown_(telemetry), log_(log) {}

void AuditLog::on_outcome(const RequestOutcome& o) {
  if (!on_ || o.token.jti.empty()) return;
  const auto id = shown_.user_id(o.consumer_id);
  const auto name = shown_.user_name(o.consumer_name);
  const auto peer = shown_.address(o.peer);
  const auto client = shown_.address(o.client);
  log_.write_always("token-issued", "token issued",
                    {{"http.request.id", o.request_id},
                     {"user.id", id.view()},
                     {"user.name", name.view()},
                     {"source.address", peer.view()},
                     {"client.address", client.view()},
                     {"authd.credential.key", o.token.key},
                     {"authd.token.jti", o.token.jti},
                     {"authd.token.stale", o.stale.empty() ? std::nullopt : std::optional(true)}});
}

} // namespace authd::telemetry
