// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace authd::kong {

void wipe(std::string& text); // overwrites it and leaves it empty

// Text that is overwritten when it goes out of use.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  SecretText(SecretText&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }
  SecretText& operator=(SecretText&& other) noexcept;
  ~SecretText() { wipe(text_); }

  std::string_view reveal() const { return text_; }

 private:
  std::string text_;
};

} // namespace authd::kong
