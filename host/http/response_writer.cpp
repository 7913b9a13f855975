// SPDX-License-Identifier: Apache-2.0
#include "http/response_writer.h"

#include <charconv>

#include "http/status.h"

namespace authd::http {
namespace {

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
