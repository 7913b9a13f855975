// SPDX-License-Identifier: Apache-2.0
#include "plugin/refusal.h"

#include <fmt/format.h>

namespace authd::plugin {

std::string code_of(RefusalCode code) { return fmt::format("AP-{:03}", static_cast<int>(code)); }

Refusal refusal(RefusalCode code, std::string_view what, std::string_view why, std::string_view remedy) {
  return {code, fmt::format("{}: {}. {}. [{}]", what, why, remedy, code_of(code)), {}};
}

} // namespace authd::plugin
