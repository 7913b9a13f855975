// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <ctime>
#include <string_view>

namespace authd::http {

// The Date field, written anew once a second: RFC 9110, section 5.6.7 (IMF-fixdate).
class HttpDate {
 public:
  void refresh(std::time_t now);
  std::string_view text() const { return {text_.data(), text_.size()}; } // "Sun, 06 Nov 1994 08:49:37 GMT"

 private:
  std::time_t at_ = -1;
  std::array<char, 29> text_{};
};

} // namespace authd::http
