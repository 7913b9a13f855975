// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace authd::endpoints {

// The hash-source by which a policy allows a page's own <script> or <style>, of which this is the whole content:
// 'sha256-...', with its quotes. Content Security Policy Level 3, 6.7.3.
std::string hash_source(std::string_view content);

} // namespace authd::endpoints
