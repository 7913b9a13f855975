// SPDX-License-Identifier: Apache-2.0
// What a module answered, and what the host answers in its place, in the dialect of the route.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/call.h"
#include "endpoints/module_operation.h"
#include "http/exchange.h"
#include "plugin/endpoint.h"

namespace authd::endpoints {

// Sends what it takes. On the reactor of the exchange.
class SentAnswer final : public plugin::AnswerTaker {
 public:
  explicit SentAnswer(http::Exchange& exchange) : exchange_(exchange) {}
  void take(const plugin::ModuleAnswer& answer) override;

 private:
  http::Exchange& exchange_;
};

// Keeps what it takes, for the reactor to send.
class KeptAnswer final : public plugin::AnswerTaker {
 public:
  void take(const plugin::ModuleAnswer& answer) override;
  void send(http::Exchange& exchange) const;

 private:
  int status_ = 0;
  std::string content_type_;
  std::string body_;
  std::vector<std::pair<std::string, std::string>> fields_;
};

// A handler failed with this status; the reason is for operators, and the client gets a text that never changes.
void respond_failure(http::Exchange& exchange, Dialect dialect, const CallFailure& failure);
// A module broke the rules, threw, or had to be given up: 500, `reason` for operators.
void respond_fault(http::Exchange& exchange, Dialect dialect, const std::string& reason);

} // namespace authd::endpoints
