// SPDX-License-Identifier: Apache-2.0
// One GET of a command, on a connection of its own.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <openssl/ssl.h>

#include "net/address.h"
#include "net/deadline.h"
#include "net/failure.h"

namespace authd::cli {

struct HttpGet {
  net::Endpoint to;
  std::string target; // "/status?size=1"
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::shared_ptr<SSL_CTX> tls = nullptr; // null: plain HTTP
};

struct HttpAnswer {
  int status = 0;
  std::string body; // at most 4 MiB
};

// As HTTP/1.0, so that the answer ends with the connection and is not in chunks. TLS writes by write(2): SIGPIPE must
// be ignored. [may-block]
net::Result<HttpAnswer> http_get(const HttpGet& get, const net::Deadline& deadline);

} // namespace authd::cli
