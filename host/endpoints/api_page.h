// SPDX-License-Identifier: Apache-2.0
// The API document as a page for people: no script, nothing loaded from elsewhere.
#pragma once

#include <string>
#include <string_view>

#include "endpoints/api_document.h"

namespace authd::endpoints {

std::string api_page(const ApiInfo& info, Operations operations);

// Its Content-Security-Policy, which allows its own style alone.
std::string_view page_policy();

} // namespace authd::endpoints
