// SPDX-License-Identifier: Apache-2.0
// The host's rows and the plugin's schema as one shape, and the checked values as the plugin gets them.
#pragma once

#include <string>

#include "base/result.h"
#include "config/config.h"
#include "config/node.h"
#include "config/problems.h"
#include "config/shape.h"

namespace authd::config {

// Adds the plugin's properties to the host's. A property that the host has too (pool_size) gets the host's
// value, within the ranges of both; one that yields to plugins, or is not built, becomes the plugin's alone. The
// error says in one line why the two do not go together.
Result<Shape, std::string> merged(Shape host, const Shape& plugin);

// The table's values for the plugin's own properties. The checker must have found nothing wrong with it. `path`:
// of the table ("gateway"); `problems` knows where things stand.
PluginSettings plugin_settings(const Node& table, const Shape& plugin, const std::string& path,
                               const Problems& problems);

// Where the setting at an RFC 6901 pointer stands, or would: of one that is not set, the table or array around it.
std::string place_of(const PluginSettings& settings, std::string_view pointer);

// "kong-gateway" for "kong-gateway", "kong-gateway.so" and "/opt/kong-gateway.so".
std::string plugin_name(std::string_view plugin);

} // namespace authd::config
