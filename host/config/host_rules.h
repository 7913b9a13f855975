// SPDX-License-Identifier: Apache-2.0
// Rules between settings, in every environment.
#pragma once

#include <vector>

#include "config/config.h"
#include "config/problems.h"
#include "config/shape.h"

namespace authd::config {

// Port 0 only in tests, no "*" with credentials, no two tiers of one name; warnings when anyone may ask for
// tokens or operate authd, when a setting has no effect yet, when secrets leave the process unencrypted, and when
// HIGH_AVAILABILITY has no effect.
void check_host_rules(const std::vector<Section>& sections, Config& config, Problems& problems);

// A setting that is set has no effect, because its feature is not built.
void warn_of_no_effect(const Origin& origin, std::string_view path, const Problems& problems, Config& config);

// security.waivers names only settings about which production has a rule. `all_known`: every plugin was
// inspected, so paths into their tables can be judged.
void check_waivers(const std::vector<Section>& sections, bool all_known, Problems& problems);

// "it belongs to [server]": the tables that know a setting of this name, of what is built if any is; "" when none
// does.
std::string owner_of(std::string_view name, const std::vector<Section>& sections);

// The value at this key of the section ("server", "tls.key"); null when it has none.
const Node* value_at(const std::vector<Section>& sections, std::string_view section, std::string_view key);

// The section's value at this key; the problem's place when there is none is the section.
Origin origin_of(const std::vector<Section>& sections, std::string_view section, std::string_view key);

} // namespace authd::config
