// SPDX-License-Identifier: Apache-2.0
// One export: a POST through the host's HTTP service, and what its answer means.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "authd/http.h"
#include "base/clock.h"
#include "base/tls_identity.h"
#include "config/config.h"
#include "http_client/service.h"
#include "telemetry/otlp/signal.h"

namespace authd::telemetry::otlp {

struct Answered {
  enum class Verdict {
    accepted,
    partial,  // but for `rejected_items`
    again,    // not now: 429, 502, 503, 504, or no answer came
    rejected, // by any other status: another attempt would fail alike
    garbled,  // what answers is no collector
  };
  Verdict verdict = Verdict::garbled;
  std::uint64_t rejected_items = 0;
  std::optional<milliseconds> retry_after = std::nullopt; // as the server said
  std::string error = {};                                 // for operators, without secrets; empty: none
};

// For one thread.
class Sender {
 public:
  // Answers longer than this are garbled.
  static constexpr std::uint64_t kMostAnswerBytes = 64 * 1024;

  // `identity` null: the system's authorities. The service must outlive it.
  Sender(Signal signal, std::string url, std::vector<config::OtlpHeader> headers, http_client::HttpService& exchanges,
         std::shared_ptr<const TlsIdentity> identity);
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Redirects are not followed: headers may hold what is meant for one server alone. [may-block] until `deadline`.
  Answered post(std::string_view gzipped, SteadyTime deadline);

 private:
  Answered judge(int status, std::string_view retry_after, std::string_view body) const;
  Answered judge_success(int status, std::string_view body) const;
  std::string without_secrets(std::string text) const;

  const Signal signal_;
  const std::string url_;
  const std::vector<config::OtlpHeader> headers_;
  authd_host host_;
  std::shared_ptr<const authd_http_v1> http_;
};

} // namespace authd::telemetry::otlp
