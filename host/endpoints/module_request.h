// SPDX-License-Identifier: Apache-2.0
// One request as a module sees it (authd_request): of the connection's buffer for a first pass, a copy for a worker.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "authd/endpoint.h"
#include "base/clock.h"
#include "http/exchange.h"

namespace authd::endpoints {

// The parameters of a path decoded (RFC 3986, section 2.1), into texts that are reused. False: one of them is not UTF-8
// or has a control character.
bool decode_parameters(std::span<const std::string_view> sent, std::vector<std::string>& decoded);

// What the host knows beside the bytes.
struct RequestFacts {
  const void* route = nullptr;
  std::string_view method; // of the route
  std::string_view base_url;
  IpAddress client; // none: unknown
  bool secure = false;
  std::int64_t now_ms = 0;
};

class ModuleRequest {
 public:
  ModuleRequest() = default;
  ModuleRequest(const ModuleRequest&) = delete;
  ModuleRequest& operator=(const ModuleRequest&) = delete;

  // Views of the request and of the parameters; both must outlive their use.
  void view(const http::Request& request, const std::vector<std::string>& parameters, const RequestFacts& facts);
  // A copy that outlives the connection.
  void copy(const http::Request& request, const std::vector<std::string>& parameters, const RequestFacts& facts);

  const authd_request& abi(bool first_pass);
  std::string_view request_id() const;

 private:
  std::string_view kept(std::string_view text);

  std::string bytes_; // of a copy: never grows once it has been filled
  std::vector<std::string> parameters_;
  std::vector<authd_field> fields_;
  std::vector<authd_str> params_;
  std::string base_url_;
  IpAddress::Text client_;
  authd_request request_{};
};

} // namespace authd::endpoints
