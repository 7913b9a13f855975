// SPDX-License-Identifier: Apache-2.0
// Operations as OpenAPI 3.1.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <Poco/JSON/Object.h>

#include "config/config.h"
#include "http/operation.h"

namespace authd::endpoints {

enum class ApiFormat : std::uint8_t { json, yaml, page };

struct ApiInfo : config::Api {
  std::string base_url = "/"; // of the server, relative to where the document is
};

// What the document of each listener says of itself: as configured, with what the configuration leaves open.
ApiInfo info_of_public_listener(const config::Api& api);
ApiInfo info_of_admin_listener(const config::Api& api);

using Operations = std::span<const http::Operation* const>;

// The document, its members in the order in which they are to be read. Throws Poco::Exception when the text of a schema
// is not JSON.
Poco::JSON::Object::Ptr openapi(const ApiInfo& info, Operations operations);

// The document as text that ends with a line feed: JSON and YAML of the same tree, or the page for people.
std::string render(const ApiInfo& info, Operations operations, ApiFormat format);

} // namespace authd::endpoints
