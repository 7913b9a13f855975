// SPDX-License-Identifier: Apache-2.0
// What production refuses, unless security.waivers names the setting.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/problems.h"
#include "config/shape.h"

namespace authd::config {

// Holds every section against the rules of its shape (https_in_production, min_production_length,
// production_schemes) and the host's own. Adds a problem for each violation, or a warning to `config` when it is
// waived.
void check_production(const std::vector<Section>& sections, Config& config, Problems& problems);

// What a waiver calls the section: a tier by its name ("cache.shared"), because its position changes when one is
// added; any other by its path.
std::string waiver_prefix(const Section& section);

// Every path about which production has a rule: what a waiver may name.
std::vector<std::string> waivable_paths(const std::vector<Section>& sections);

} // namespace authd::config
