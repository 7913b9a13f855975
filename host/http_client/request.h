// SPDX-License-Identifier: Apache-2.0
// A plugin's request as HTTP/1.1 bytes, and what a plugin may leave unsaid.
#pragma once

#include <string>
#include <string_view>

#include "authd/http.h"
#include "http_client/retry_policy.h"
#include "http_client/url.h"

namespace authd::http_client {

// The host's defaults where the plugin says nothing or was built before it could.
RetrySettings retry_settings(const authd_http_request& request);

// Wiped at the end, because headers and body carry tokens and secrets.
class RequestBytes {
 public:
  RequestBytes() = default;
  ~RequestBytes();
  RequestBytes(const RequestBytes&) = delete;
  RequestBytes& operator=(const RequestBytes&) = delete;

  // What is wrong with the request, or empty. Method and URL have been checked before.
  std::string_view write(const authd_http_request& request, const HttpUrl& url, bool keep_alive);
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

} // namespace authd::http_client
