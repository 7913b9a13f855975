// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "http/exchange.h"

namespace authd::http {

struct TargetParts {
  std::string_view path;      // not decoded; empty for an absolute form without a path
  std::string_view query;     // without the '?'
  std::string_view authority; // of an absolute form, which replaces Host (RFC 9112, section 3.2.2); else empty
};

// Origin form, absolute form with http or https, and "*" for OPTIONS: RFC 9112, section 3.2. Nothing else,
// and no fragment. The authority of an absolute form must be a Host with a name: RFC 9110, section 4.2.1;
// user information is refused as section 4.2.4 advises. The views point into `target`.
std::optional<TargetParts> split_target(std::string_view target, Method method);

// Whether a Host field value has only characters of uri-host [":" port]: RFC 9110, section 7.2. May be empty.
bool is_host(std::string_view value);

} // namespace authd::http
