// SPDX-License-Identifier: Apache-2.0
// What a plugin says goes to logs and to operators: its secret settings must not come along.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "secrets/secret.h"

namespace authd::plugin {

class Redaction {
 public:
  // Secret strings of at least 4 bytes; shorter ones would be found everywhere.
  explicit Redaction(const config::PluginSettings& settings);

  // `text` with each secret and what stands before '@' in URLs replaced by "[redacted]", as one line of UTF-8 of at
  // most 1 KiB.
  std::string clean(std::string_view text) const;

 private:
  std::vector<Secret> secrets_; // longest first, so that one within another leaves no rest
};

} // namespace authd::plugin
