// SPDX-License-Identifier: Apache-2.0
#include "http/status.h"

#include <algorithm>
#include <array>
#include <utility>

namespace authd::http {
namespace {

using Row = std::pair<int, std::string_view>;
constexpr std::array kPhrases{
    Row{200, "OK"},
    Row{201, "Created"},
    Row{202, "Accepted"},
    Row{204, "No Content"},
    Row{304, "Not Modified"},
    Row{400, "Bad Request"},
    Row{401, "Unauthorized"},
    Row{403, "Forbidden"},
    Row{404, "Not Found"},
    Row{405, "Method Not Allowed"},
    Row{406, "Not Acceptable"},
    Row{408, "Request Timeout"},
    Row{409, "Conflict"},
    Row{413, "Content Too Large"},
    Row{414, "URI Too Long"},
    Row{415, "Unsupported Media Type"},
    Row{417, "Expectation Failed"},
    Row{422, "Unprocessable Content"},
    Row{429, "Too Many Requests"},
    Row{431, "Request Header Fields Too Large"},
    Row{500, "Internal Server Error"},
    Row{501, "Not Implemented"},
    Row{503, "Service Unavailable"},
    Row{504, "Gateway Timeout"},
    Row{505, "HTTP Version Not Supported"},
};

} // namespace

std::string_view reason_phrase(int status) {
  const auto row = std::find_if(kPhrases.begin(), kPhrases.end(), [&](const Row& r) { return r.first == status; });
  return row == kPhrases.end() ? "Unknown" : row->second;
}

} // namespace authd::http
