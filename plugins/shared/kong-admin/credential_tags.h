// SPDX-License-Identifier: Apache-2.0
// The tags of the credentials that authd creates (spec/kong.md): decK's select_tags reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "authd/plugin.hpp"

namespace authd::kong {

// What Kong would refuse of this tag, for the name of the setting before it; nullopt: Kong takes it. Kong's rule
// (kong/db/schema/typedefs.lua, validate_tag): UTF-8 of which the ASCII part is printable and neither a comma nor a
// slash; not empty.
std::optional<std::string> fault_of_tag(std::string_view tag);

// The setting tags; ["authd"] unless it is set. Each that Kong would refuse is refused on the constructor's call, at
// its own place.
std::vector<std::string> tags_of(const sdk::Config& config, sdk::Call& call);

} // namespace authd::kong
