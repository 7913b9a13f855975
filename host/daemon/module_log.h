// SPDX-License-Identifier: Apache-2.0
// What modules do that they should not, as log lines.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/log.h"
#include "endpoints/module_endpoint.h"

namespace authd::daemon {

class ModuleLog final : public endpoints::ModuleObserver {
 public:
  explicit ModuleLog(Log& log) : log_(log) {}

  void overran(const endpoints::ModuleOperation& operation, std::chrono::nanoseconds took) override;
  void demoted(const endpoints::ModuleOperation& operation) override;
  void dropped(const std::string& instance, const modules::Event& event, const std::string& why) override;

 private:
  Log& log_;
};

} // namespace authd::daemon
