// SPDX-License-Identifier: Apache-2.0
// What each kind of plugin must offer. A new kind is a row in kinds.cpp and a proxy beside Gateway and
// CacheTier; inspection, loading and lifecycle know kinds as ids only.
#pragma once

#include <string_view>

namespace authd::plugin {

// The first operation that `ops`, the table of a component of `kind`, lacks; empty if it has all that
// the kind requires, or if the kind has no rules.
std::string_view missing_operation(std::string_view kind, const void* ops);

} // namespace authd::plugin
