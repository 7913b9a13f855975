// SPDX-License-Identifier: Apache-2.0
#include "secret_text.h"

#include <cstring>

namespace authd::kong {

// All of the capacity: a short text that was moved from still stands in the string's own buffer.
void wipe(std::string& text) {
  text.resize(text.capacity());
  explicit_bzero(text.data(), text.size());
  text.clear();
}

SecretText& SecretText::operator=(SecretText&& other) noexcept {
  if (this != &other) {
    wipe(text_);
    text_ = std::move(other.text_);
    wipe(other.text_);
  }
  return *this;
}

} // namespace authd::kong
