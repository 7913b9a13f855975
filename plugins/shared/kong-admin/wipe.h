// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "secrets/secret.h"

namespace authd::kong_admin {

// Overwrites the text and leaves it empty. All of the capacity: a short text that was moved from still stands in the
// string's own buffer.
inline void wipe(std::string& text) {
  text.resize(text.capacity());
  authd::wipe(text.data(), text.size());
  text.clear();
}

} // namespace authd::kong_admin
