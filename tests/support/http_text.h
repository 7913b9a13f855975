// SPDX-License-Identifier: Apache-2.0
// Pieces of requests and answers, for servers that write theirs by hand.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace authd::test {

std::string decoded(std::string_view text); // without %XX; as it stands if that makes no sense
std::vector<std::string_view> split(std::string_view text, char at);
std::map<std::string, std::string> parse_query(std::string_view query); // without its question mark
std::string_view reason(int status);                                    // "Not Found"

} // namespace authd::test
