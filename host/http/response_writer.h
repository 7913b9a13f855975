// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/cors.h"
#include "http/exchange.h"

namespace authd::http {

enum class Persistence : std::uint8_t {
  implied,    // HTTP/1.1 keeps the connection without a word
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
