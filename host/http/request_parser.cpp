// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.h"

#include <algorithm>
#include <cstring>

#include "http/header_name.h"
#include "http/request_target.h"

namespace authd::http {
namespace {

constexpr std::string_view kCrlf = "\r\n";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view without_trailing_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

Method method_of(std::uint8_t method) {
  switch (method) {
  case HTTP_GET:
    return Method::get;
  case HTTP_HEAD:
    return Method::head;
  case HTTP_POST:
    return Method::post;
  case HTTP_PUT:
    return Method::put;
  case HTTP_PATCH:
    return Method::patch;
  case HTTP_DELETE:
    return Method::del;
  case HTTP_OPTIONS:
    return Method::options;
  default:
    return Method::other;
  }
}

// RFC 9110, section 5.6.2.
bool is_token_char(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
         kMarks.find(c) != std::string_view::npos;
}

// Whether the bytes could be a request line with a method that llhttp does not know.
bool begins_with_token(std::string_view bytes) {
  bytes.remove_prefix(std::min(bytes.find_first_not_of(kCrlf), bytes.size()));
  const auto end = std::find_if_not(bytes.begin(), bytes.end(), is_token_char);
  return end != bytes.begin() && (end == bytes.end() || *end == ' ');
}

} // namespace

RequestParser::RequestParser(const RequestLimits& limits) : limits_(limits) {
  headers_.reserve(32);
  fields_.reserve(32);
  reset();
}

void RequestParser::reset() {
  llhttp_init(&llhttp_, HTTP_REQUEST, &callbacks());
  llhttp_.data = this;
  fed_ = used_ = framing_bytes_ = 0;
  method_ = target_ = body_ = {};
  refusal_ = {};
  started_ = in_name_ = head_complete_ = expects_continue_ = keep_alive_ = false;
  headers_.clear();
  fields_.clear();
}

// llhttp's spans may come in pieces, which touch each other because the caller's bytes are contiguous.
const llhttp_settings_t& RequestParser::callbacks() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_message_begin = [](llhttp_t* p) { return self(p).started_ = true, 0; };
    s.on_method = [](llhttp_t* p, const char* at, std::size_t n) {
      return self(p).on_method(self(p).span(at, n));
    };
    s.on_url = [](llhttp_t* p, const char* at, std::size_t n) {
      return self(p).on_target(self(p).span(at, n));
    };
    s.on_header_field = [](llhttp_t* p, const char* at, std::size_t n) {
      return self(p).on_header_name(self(p).span(at, n));
    };
    s.on_header_value = [](llhttp_t* p, const char* at, std::size_t n) {
      return self(p).on_header_value(self(p).span(at, n));
    };
    s.on_headers_complete = [](llhttp_t* p) { return self(p).on_headers_complete(); };
    s.on_body = [](llhttp_t* p, const char* at, std::size_t n) {
      return self(p).on_body(self(p).span(at, n));
    };
    s.on_chunk_extension_name = [](llhttp_t* p, const char*, std::size_t n) { return self(p).on_framing(n); };
    s.on_chunk_extension_value = s.on_chunk_extension_name;
    s.on_message_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
    return s;
  }();
  return settings;
}

RequestParser::Span RequestParser::span(const char* at, std::size_t size) const {
  const auto begin = static_cast<std::uint32_t>(at - base_);
  return {begin, begin + static_cast<std::uint32_t>(size)};
}

RequestParser::State RequestParser::parse(char* bytes, std::size_t size) {
  base_ = bytes;
  const std::size_t from = fed_;
  fed_ = size;
  return conclude(llhttp_execute(&llhttp_, bytes + from, size - from));
}

RequestParser::State RequestParser::conclude(llhttp_errno_t outcome) {
  if (outcome == HPE_PAUSED) {
    used_ = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - base_);
    return State::complete;
  }
  if (outcome == HPE_OK) {
    check_unfinished_head();
    // What was read of the body has been moved together; the framing behind it is of no more use.
    if (head_complete_) fed_ = body_.end;
    if (!started_) fed_ = 0;
    return refusal_.status == 0 ? State::incomplete : State::refused;
  }
  if (refusal_.status == 0) refuse_syntax(outcome);
  return State::refused;
}

// Blanks between tokens reach no callback, so a head that never ends is caught by its whole size.
void RequestParser::check_unfinished_head() {
  constexpr std::size_t kRestOfRequestLine = 64;
  if (head_complete_ || fed_ <= limits_.url_bytes + limits_.header_bytes + kRestOfRequestLine) return;
  refuse(431, "The request head is too large");
}

void RequestParser::refuse_syntax(llhttp_errno_t outcome) {
  const std::string_view seen(base_, fed_);
  switch (outcome) {
  case HPE_INVALID_METHOD:
    if (begins_with_token(seen)) refuse(501, "Unknown method");
    break;
  case HPE_INVALID_VERSION:
  case HPE_PAUSED_H2_UPGRADE:
    refuse(505, "Only HTTP/1.1 and HTTP/1.0 are served here");
    break;
  case HPE_UNEXPECTED_CONTENT_LENGTH:
    refuse(400, "More than one Content-Length, or one beside Transfer-Encoding");
    break;
  case HPE_INVALID_CONTENT_LENGTH:
    refuse(400, "Content-Length is not a number");
    break;
  case HPE_INVALID_TRANSFER_ENCODING:
    refuse(400, "The last transfer coding is not chunked");
    break;
  case HPE_INVALID_CHUNK_SIZE:
    refuse(400, "Malformed chunk");
    break;
  default:
    break;
  }
  if (refusal_.status == 0) refuse(400, "Malformed request");
}

int RequestParser::refuse(int status, std::string_view detail) {
  refusal_ = {status, detail};
  keep_alive_ = false;
  return -1;
}

int RequestParser::on_method(Span part) {
  if (method_.size() == 0) method_.begin = part.begin;
  method_.end = part.end;
  return 0;
}

int RequestParser::on_target(Span part) {
  if (target_.size() == 0) target_.begin = part.begin;
  target_.end = part.end;
  return target_.size() <= limits_.url_bytes ? 0 : refuse(414, "The request target is too long");
}

int RequestParser::on_header_name(Span part) {
  if (head_complete_) return on_framing(part.size());
  if (!in_name_) {
    if (headers_.size() == kMaxHeaders) return refuse(431, "Too many header fields");
    headers_.push_back({{part.begin, part.end}, {part.end, part.end}});
    in_name_ = true;
  }
  headers_.back().name.end = part.end;
  return part.end - target_.end <= limits_.header_bytes ? 0 : refuse(431, "The header fields are too large");
}

int RequestParser::on_header_value(Span part) {
  if (head_complete_) return on_framing(part.size());
  in_name_ = false;
  Header& header = headers_.back();
  if (!header.has_value) {
    header.value = part;
    header.has_value = true;
  } else if (part.begin != header.value.end) {
    return refuse(400, "Folded header field"); // RFC 9112, section 5.2
  }
  header.value.end = part.end;
  return part.end - target_.end <= limits_.header_bytes ? 0 : refuse(431, "The header fields are too large");
}

int RequestParser::on_headers_complete() {
  std::size_t end = 0;
  if (!read_request_line(end)) {
    if (llhttp_.http_major == 1) return refuse(400, "Malformed request line");
    return refuse(505, "Only HTTP/1.1 and HTTP/1.0 are served here");
  }
  if (!read_header_lines(end)) return refuse(400, "Malformed header field");
  keep_alive_ = llhttp_should_keep_alive(&llhttp_) != 0;
  body_ = {static_cast<std::uint32_t>(end), static_cast<std::uint32_t>(end)};
  head_complete_ = true;
  if (!check_target() || !check_framing() || !check_host() || !check_expectation()) return -1;
  return 0;
}

// "METHOD target HTTP/1.x", one blank between them. llhttp would take more blanks, a line without a version
// (HTTP/0.9), and RTSP's or ICE's versions. `line_end` is where the next line begins.
bool RequestParser::read_request_line(std::size_t& line_end) {
  constexpr std::string_view kVersion = " HTTP/1.";
  const std::string_view seen(base_, fed_);
  const std::size_t digit = target_.end + kVersion.size();
  line_end = digit + 1 + kCrlf.size();
  return target_.begin == method_.end + 1 && seen.substr(target_.end, kVersion.size()) == kVersion &&
         (llhttp_.http_minor == 0 || llhttp_.http_minor == 1) && seen.substr(digit + 1, 2) == kCrlf;
}

// Walks the lines once more by the grammar of RFC 9112, section 5: name ":" OWS value OWS CRLF. A span that
// does not lie where the walk expects it betrays a fold, a bare LF or a blank before the colon, whichever way
// llhttp came to accept it.
bool RequestParser::read_header_lines(std::size_t& line_end) const {
  const std::string_view seen(base_, fed_);
  const auto skip_blanks = [&](std::size_t at) {
    while (at < seen.size() && is_blank(seen[at])) ++at;
    return at;
  };
  for (const Header& header : headers_) {
    if (header.name.begin != line_end || header.name.size() == 0 || seen.substr(header.name.end, 1) != ":")
      return false;
    std::size_t at = skip_blanks(header.name.end + 1);
    if (header.has_value && header.value.size() > 0) {
      if (header.value.begin != at) return false;
      at = skip_blanks(header.value.end);
    }
    if (seen.substr(at, kCrlf.size()) != kCrlf) return false;
    line_end = at + kCrlf.size();
  }
  if (seen.substr(line_end, kCrlf.size()) != kCrlf) return false;
  line_end += kCrlf.size();
  return true;
}

bool RequestParser::check_target() {
  if (llhttp_.method == HTTP_CONNECT) return refuse(501, "authd is not a proxy"), false;
  if (!split_target(text(target_), method_of(llhttp_.method))) {
    return refuse(400, "Malformed request target"), false;
  }
  return true;
}

// RFC 9112, sections 6.1 and 6.3: whatever two parties could read differently is refused.
bool RequestParser::check_framing() {
  const Header* coding = find("Transfer-Encoding");
  if (coding == nullptr) {
    if (llhttp_.content_length <= limits_.body_bytes) return true;
    return refuse(413, "The body is too large"), false;
  }
  if (find("Content-Length") != nullptr) return refuse(400, "Content-Length beside Transfer-Encoding"), false;
  if (is_http_1_0()) return refuse(400, "Transfer-Encoding in HTTP/1.0"), false;
  const bool chunked = equals_ignoring_case(without_trailing_blanks(text(coding->value)), "chunked");
  if (chunked && count("Transfer-Encoding") == 1) return true;
  return refuse(501, "The only transfer coding here is chunked"), false;
}

bool RequestParser::check_host() {
  const std::size_t hosts = count("Host");
  if (hosts > 1) return refuse(400, "More than one Host"), false;
  if (hosts == 0) return is_http_1_0() ? true : (refuse(400, "Host is missing"), false);
  if (is_host(without_trailing_blanks(text(find("Host")->value)))) return true;
  return refuse(400, "Malformed Host"), false;
}

bool RequestParser::check_expectation() {
  const Header* expect = find("Expect");
  if (expect == nullptr || is_http_1_0()) return true;
  if (!equals_ignoring_case(without_trailing_blanks(text(expect->value)), "100-continue")) {
    return refuse(417, "The only expectation here is 100-continue"), false;
  }
  expects_continue_ = llhttp_.content_length > 0 || (llhttp_.flags & F_CHUNKED) != 0;
  return true;
}

int RequestParser::on_body(Span part) {
  if (body_.size() + part.size() > limits_.body_bytes) return refuse(413, "The body is too large");
  expects_continue_ = false;
  if (part.begin != body_.end) std::memmove(base_ + body_.end, base_ + part.begin, part.size());
  body_.end += static_cast<std::uint32_t>(part.size());
  return 0;
}

int RequestParser::on_framing(std::size_t size) {
  framing_bytes_ += size;
  return framing_bytes_ <= limits_.header_bytes ? 0
                                                : refuse(431, "Chunk extensions or trailers are too large");
}

const RequestParser::Header* RequestParser::find(std::string_view name) const {
  const auto found = std::find_if(headers_.begin(), headers_.end(), [&](const Header& header) {
    return equals_ignoring_case(text(header.name), name);
  });
  return found == headers_.end() ? nullptr : &*found;
}

std::size_t RequestParser::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(headers_.begin(), headers_.end(), [&](const Header& header) {
    return equals_ignoring_case(text(header.name), name);
  }));
}

// The target is whole once a header field has followed it, or the head is complete.
void RequestParser::describe_target(Request& request) const {
  request.path = request.query = {};
  if (headers_.empty() && !head_complete_) return;
  const auto parts = split_target(request.target, request.method);
  if (!parts) return;
  request.path = parts->path.empty() ? "/" : parts->path; // RFC 9112, section 3.2.1
  request.query = parts->query;
}

void RequestParser::describe(const char* bytes, Request& request) {
  request.method = started_ && method_.size() > 0 ? method_of(llhttp_.method) : Method::other;
  request.method_name = method_.in(bytes);
  request.target = target_.in(bytes);
  describe_target(request);
  request.body = body_.in(bytes);
  fields_.clear();
  for (const Header& header : headers_) {
    fields_.push_back({header.name.in(bytes), without_trailing_blanks(header.value.in(bytes))});
  }
  request.headers = fields_;
}

} // namespace authd::http
