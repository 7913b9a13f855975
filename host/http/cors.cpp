// SPDX-License-Identifier: Apache-2.0
#include "http/cors.h"

#include <algorithm>
#include <utility>

namespace authd::http {
namespace {

constexpr std::string_view kMethodsAndHeaders =
    "Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"
    "Access-Control-Allow-Headers: Content-Type, Authorization, X-Consumer-ID, X-Consumer-Username, "
    "X-Anonymous-Consumer, X-Request-Id\r\n";
constexpr std::string_view kPreflightAge = "Access-Control-Max-Age: 86400\r\n";
constexpr std::string_view kCredentials = "Access-Control-Allow-Credentials: true\r\n";

std::string allow_origin(std::string_view origin) {
  return "Access-Control-Allow-Origin: " + std::string(origin) + "\r\n";
}

} // namespace

Cors::Cors(std::vector<std::string> origins, bool credentials) {
  if (origins.empty()) return;
  if (std::find(origins.begin(), origins.end(), "*") != origins.end()) origins = {"*"};
  if (credentials) credentials_ = kCredentials;
  if (origins.size() == 1) {
    fixed_ = allow_origin(origins.front()) + std::exchange(credentials_, "");
  } else {
    origins_ = std::move(origins);
    fixed_ = "Vary: Origin\r\n"; // also when nothing matched, for caches in between
  }
  fixed_ += kMethodsAndHeaders;
}

void Cors::append_fields(std::string& out, const Request& request) const {
  if (fixed_.empty()) return;
  if (!origins_.empty()) append_matching_origin(out, request);
  out += fixed_;
  if (request.method == Method::options) out += kPreflightAge;
}

void Cors::append_matching_origin(std::string& out, const Request& request) const {
  const auto origin = request.header("Origin");
  if (!origin || std::find(origins_.begin(), origins_.end(), *origin) == origins_.end()) return;
  out += "Access-Control-Allow-Origin: ";
  out += *origin;
  out += "\r\n";
  out += credentials_;
}

} // namespace authd::http
