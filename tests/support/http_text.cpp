// SPDX-License-Identifier: Apache-2.0
#include "support/http_text.h"

#include <algorithm>

#include <Poco/Exception.h>
#include <Poco/URI.h>

namespace authd::test {

std::string decoded(std::string_view text) {
  std::string out;
  try {
    Poco::URI::decode(std::string(text), out);
  } catch (const Poco::Exception&) {
    out = text;
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::map<std::string, std::string> parse_query(std::string_view query) {
  std::map<std::string, std::string> out;
  for (const std::string_view pair : split(query, '&')) {
    const auto equals = std::min(pair.find('='), pair.size());
    out[decoded(pair.substr(0, equals))] = decoded(pair.substr(std::min(equals + 1, pair.size())));
  }
  return out;
}

std::string_view reason(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 201:
    return "Created";
  case 204:
    return "No Content";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Not Allowed";
  case 409:
    return "Conflict";
  case 413:
    return "Request Entity Too Large";
  case 415:
    return "Unsupported Media Type";
  case 429:
    return "Too Many Requests";
  case 502:
    return "Bad Gateway";
  default:
    return "Internal Server Error";
  }
}

} // namespace authd::test
