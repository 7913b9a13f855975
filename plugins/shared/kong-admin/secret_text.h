// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace authd::kong_admin {

// Overwrites the text and leaves it empty. All of the capacity: a short text that was moved from still stands in the
// string's own buffer.
inline void wipe(std::string& text) {
  text.resize(text.capacity());
  explicit_bzero(text.data(), text.size());
  text.clear();
}

// Text that is overwritten at its end.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  SecretText(SecretText&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }
  SecretText& operator=(SecretText&& other) noexcept {
    if (this != &other) {
      wipe(text_);
      text_ = std::move(other.text_);
      wipe(other.text_);
    }
    return *this;
  }
  ~SecretText() { wipe(text_); }

  std::string_view reveal() const { return text_; }
  const std::string& plain() const { return text_; }

 private:
  std::string text_;
};

} // namespace authd::kong_admin
