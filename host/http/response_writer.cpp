// SPDX-License-Identifier: Apache-2.0
#include "http/response_writer.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

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

void append_number(std::string& out, std::size_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_status_line(std::string& out, int status) {
  if (status == 200) { // most of them
    out += "HTTP/1.1 200 OK\r\n";
    return;
  }
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(status));
  out.append(" ").append(reason_phrase(status)).append("\r\n");
}

void append_content_length(std::string& out, std::size_t size_bytes) {
  out += "Content-Length: ";
  append_number(out, size_bytes);
  out += "\r\n";
}

// RFC 9110, sections 8.6, 15.3.5 and 15.4.5.
bool has_no_content(int status) { return status == 204 || status == 304; }

} // namespace

std::string_view reason_phrase(int status) {
  const auto row = std::find_if(kPhrases.begin(), kPhrases.end(), [&](const Row& r) { return r.first == status; });
  return row == kPhrases.end() ? "Unknown" : row->second;
}

// strftime would follow the locale.
void HttpDate::refresh(std::time_t now) {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (now == at_) return;
  at_ = now;
  std::tm utc{};
  gmtime_r(&now, &utc);
  fmt::format_to_n(text_.begin(), text_.size(), "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                   kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                   kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                   utc.tm_sec);
}

void append_response(std::string& out, const Response& response, const Request& request, const Cors& cors,
                     std::string_view date) {
  append_status_line(out, response.status);
  append_field(out, "Date", date);
  if (!response.content_type.empty()) append_field(out, "Content-Type", response.content_type);
  if (!has_no_content(response.status)) append_content_length(out, response.body.size());
  append_field(out, "X-Request-Id", request.request_id);
  cors.append_fields(out, request);
  for (const HeaderField& field : response.headers) append_field(out, field.name, field.value);
  if (response.persistence == Persistence::close) out += "Connection: close\r\n";
  if (response.persistence == Persistence::keep_alive) out += "Connection: keep-alive\r\n";
  out += "\r\n";
  if (request.method != Method::head && !has_no_content(response.status)) out += response.body;
}

} // namespace authd::http
