// SPDX-License-Identifier: Apache-2.0
// Lets the configuration loader validate a plugin's settings without running the plugin.
#pragma once

#include "config/schema_source.h"

namespace authd::plugin {

// Inspects the file with the trust of the environment: strict in production. plugins.require_pins is not
// known yet at that point; Loader applies it.
config::SchemaSource make_schema_source();

} // namespace authd::plugin
