// SPDX-License-Identifier: Apache-2.0
// What a module adds to a token beside the claims that are the host's.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace authd::modules {

// The members of a JSON object, each with a comma before it, to be put at the end of another; of an empty text none.
// Refused, with the reason: no object, or a member that the host sets (iss, sub, aud, exp, nbf, iat, jti,
// client_id, scope, cnf).
Result<std::string, std::string> further_claims(std::string_view object);

} // namespace authd::modules
