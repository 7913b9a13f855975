// SPDX-License-Identifier: Apache-2.0
// Tokens made and taken apart without authd's own code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <Poco/JSON/Object.h>

namespace authd::test {

// header.payload.signature over the texts as given. `algorithm`: HS256, HS384, HS512, or none (an empty
// signature); it need not be what the header says.
std::string forge(std::string_view header, std::string_view payload, std::string_view secret,
                  std::string_view algorithm = "HS256");

struct TokenParts {
  std::string header;  // JSON text
  std::string payload; // JSON text
  Poco::JSON::Object::Ptr claims;
  std::vector<std::string> claim_names; // in the order of the text
};
TokenParts take_apart(std::string_view token);

// What Debian's python3-jwt says: the claims as JSON text, or "error: ...".
std::string verify_with_python(const std::string& token, const std::string& secret, const std::string& algorithm,
                               const std::string& audience);

} // namespace authd::test
