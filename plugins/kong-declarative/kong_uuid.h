// SPDX-License-Identifier: Apache-2.0
// The ids that Kong without a database gives to what has none in its file, so that they are the same in
// every Kong: kong/db/schema/others/declarative_config.lua, generate_uuid.
#pragma once

#include <string>
#include <string_view>

namespace authd::kong_declarative {

// UUID version 5 (RFC 4122, section 4.3) of `name` under the UUID version 5 of `entity` under Kong's
// namespace. `entity` is Kong's name of a table ("consumers", "jwt_secrets"), `name` the value of its
// endpoint key (a username, a credential's key).
std::string derived_id(const std::string& entity, const std::string& name);

bool is_uuid(std::string_view text); // 8-4-4-4-12 hexadecimal digits
std::string lower(std::string_view ascii);

} // namespace authd::kong_declarative
