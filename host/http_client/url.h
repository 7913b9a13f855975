// SPDX-License-Identifier: Apache-2.0
// Splits an absolute URL without touching its path: Poco::URI decodes and normalises, and "..%2f" must
// reach the gateway as "..%2f", where it is refused, instead of as another path.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/address.h"

namespace authd::http_client {

struct Endpoint : net::HostPort {
  bool tls = false;
};

struct HttpUrl {
  Endpoint endpoint;
  std::string authority;   // for the Host header: as given, in lower case
  std::string_view target; // path and query, byte for byte; "/" when there is none
  std::string display;     // for messages: no query
};

// nullopt: not http or https, user information in it (credentials belong into a header), a fragment, a
// blank, a control character or a bad port. `target` views `url`.
std::optional<HttpUrl> split_url(std::string_view url);

} // namespace authd::http_client
