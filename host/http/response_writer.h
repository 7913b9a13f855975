// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <string_view>

#include "http/cors.h"
#include "http/exchange.h"

namespace authd::http {

// The phrase of RFC 9110, section 15 (and RFC 6585) for the statuses that authd sends; otherwise "Unknown".
std::string_view reason_phrase(int status);

// The Date field, formatted once a second: RFC 9110, section 5.6.7 (IMF-fixdate).
class HttpDate {
 public:
  void refresh(std::time_t now);
  std::string_view text() const { return {text_.data(), text_.size()}; } // "Sun, 06 Nov 1994 08:49:37 GMT"

 private:
  std::time_t at_ = -1;
  std::array<char, 29> text_{};
};

enum class Persistence : std::uint8_t {
  implied,    // HTTP/1.1 keeps the connection by default
  keep_alive, // HTTP/1.0 that asked for it
  close,
};

struct Response {
  int status = 0;
  std::string_view content_type; // empty: none
  std::string_view body;
  std::span<const HeaderField> headers;
  Persistence persistence = Persistence::implied;
};

// Appends status line, common fields, `headers` and, unless the request was a HEAD, the body.
// Allocates only when `out` has to grow.
void append_response(std::string& out, const Response& response, const Request& request, const Cors& cors,
                     std::string_view date);

} // namespace authd::http
