// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"

namespace authd::http {

// Why a request was refused before it reached a handler; the connection is closed after the answer.
struct Refusal {
  int status = 0;
  std::string_view detail;
  std::optional<Code> code = std::nullopt; // set: the problem of that code, else HTTP's own of `status`
};

} // namespace authd::http
