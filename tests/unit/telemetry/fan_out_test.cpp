// SPDX-License-Identifier: Apache-2.0
#include "telemetry/fan_out.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace authd::telemetry {
namespace {

class Notes final : public RequestObserver, public pipeline::Recorder {
 public:
  void on_outcome(const RequestOutcome& outcome) override {
    all.push_back("outcome " + std::to_string(outcome.status));
  }
  void on_fault(const RequestOutcome&, std::string_view what) override { all.push_back("fault " + std::string(what)); }
  void gateway_called(const pipeline::GatewayReport& report) override {
    all.push_back("gateway " + std::string(report.operation));
  }
  void breaker_moved(std::string_view breaker, pipeline::CircuitBreaker::Transition) override {
    all.push_back("breaker " + std::string(breaker));
  }
  void tier_failed(const pipeline::TierReport& report) override { all.push_back("tier " + std::string(report.tier)); }

  std::vector<std::string> all;
};

TEST(FanOut, TellsEveryObserverEverythingOnce) {
  Notes both, requests, background;
  FanOut fan_out({&both, &requests}, {&both, &background});
  RequestOutcome outcome;
  outcome.status = 200;
  fan_out.on_outcome(outcome);
  fan_out.on_fault(outcome, "twice");
  fan_out.gateway_called({"list", CallStatus::ok, {}, nullptr});
  fan_out.breaker_moved("gateway", {});
  fan_out.tier_failed({"redis", "get", CallStatus::timeout, ""});
  const std::vector<std::string> of_requests{"outcome 200", "fault twice"};
  const std::vector<std::string> of_background{"gateway list", "breaker gateway", "tier redis"};
  EXPECT_EQ(requests.all, of_requests);
  EXPECT_EQ(background.all, of_background);
  std::vector<std::string> of_all = of_requests;
  of_all.insert(of_all.end(), of_background.begin(), of_background.end());
  EXPECT_EQ(both.all, of_all);
}

} // namespace
} // namespace authd::telemetry
