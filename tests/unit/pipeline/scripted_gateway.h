// SPDX-License-Identifier: Apache-2.0
// A gateway behind the real ABI whose operations are a test's functions, and the log and recorder that the
// pipeline wants beside it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "pipeline/recorder.h"
#include "plugin/gateway.h"
#include "plugin/loader.h"

namespace authd::pipeline::test {

struct Listed {
  std::string id;
  std::string key;
  std::string algorithm = "HS256";
  std::string secret = "secret";
  std::int64_t created_at = 1;
};

struct Answer {
  authd_status status = AUTHD_OK;
  std::vector<Listed> credentials;
  std::uint32_t retry_after_ms = 0; // of a status that is not AUTHD_OK
};

class ScriptedGateway {
 public:
  explicit ScriptedGateway(bool can_create = true, bool can_resolve = true);

  const plugin::Gateway& gateway() const { return *gateway_; }

  // Called on whatever thread asks. Set before the first call.
  std::function<Answer(const std::string& consumer)> on_list = [](const std::string&) { return Answer{}; };
  std::function<Answer(const std::string& consumer, const Listed& proposed)> on_create = [](const std::string&,
                                                                                            const Listed& proposed) {
    return Answer{AUTHD_OK, {proposed}};
  };
  std::function<Answer(const std::string& consumer)> on_resolve = [](const std::string&) {
    return Answer{AUTHD_OK, {{"c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0", ""}}};
  };

  // Of a probe: its status, and whether it reports the gateway as up.
  std::function<std::pair<authd_status, bool>()> on_probe = [] { return std::pair{AUTHD_OK, true}; };

  // Sees the call of each list.
  std::function<void(const Call& call)> on_call = [](const Call&) {};

  // The tables are plain C: this is how they find their test.
  struct Tables;

 private:
  Log log_;
  std::unique_ptr<plugin::Gateway> gateway_;
};

class CountingRecorder final : public Recorder {
 public:
  void gateway_called(const GatewayReport& report) override;
  void breaker_moved(std::string_view breaker, CircuitBreaker::Transition transition) override;
  void tier_failed(const TierReport& report) override;

  int calls(std::string_view operation) const;
  std::vector<CircuitBreaker::State> moves() const;
  std::vector<CircuitBreaker::State> moves(std::string_view breaker) const;
  int tier_failures(std::string_view operation) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> operations_;
  std::vector<std::pair<std::string, CircuitBreaker::State>> moves_;
  std::vector<std::string> tier_failures_; // their operations
};

} // namespace authd::pipeline::test
