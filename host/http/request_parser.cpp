// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "http/field_syntax.h"

namespace authd::http {
namespace {

constexpr std::string_view kCrlf = "\r\n";

// First bytes that identify another protocol, so that the log can say what to fix. One byte at most, because no more
// may have arrived when the request is refused.
constexpr char kTlsHandshake = 0x16;                  // RFC 8446, section 5.1
constexpr std::string_view kProxyVersion1 = "PROXY";  // haproxy's doc/proxy-protocol.txt, sections 2.1 and 2.2;
constexpr std::size_t kEmptyLinesOfProxyVersion2 = 4; // bytes; version 2 begins "\r\n\r\n\0\r\nQUIT\n"
constexpr std::string_view kProxyDetail = "A PROXY protocol header was received; this port does not support it";

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

} // namespace

RequestParser::RequestParser(const RequestLimits& limits) : limits_(limits) {
  headers_.reserve(32);
  fields_.reserve(32);
  reset();
}

void RequestParser::reset() {
  llhttp_init(&llhttp_, HTTP_REQUEST, &callbacks());
  llhttp_.data = this;
  at_ = kept_ = empty_line_bytes_ = 0;
  method_ = target_ = body_ = {};
  refusal_ = {};
  framing_ = {};
  stage_ = Stage::empty_lines;
  in_name_ = takes_body_ = method_known_ = expects_continue_ = keep_alive_ = false;
  headers_.clear();
  fields_.clear();
  fields_bytes_ = nullptr;
}

// llhttp's spans may come in pieces, which touch each other because the caller's bytes are contiguous.
const llhttp_settings_t& RequestParser::callbacks() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_method_complete = [](llhttp_t* p) { return self(p).method_known_ = true, 0; };
    s.on_url = [](llhttp_t* p, const char* at, std::size_t n) { return self(p).on_target(self(p).span(at, n)); };
    s.on_url_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
    s.on_header_field = [](llhttp_t* p, const char* at, std::size_t n) {
      return self(p).on_header_name(self(p).span(at, n));
    };
    s.on_header_field_complete = [](llhttp_t* p) { return self(p).on_header_name_complete(); };
    s.on_header_value = [](llhttp_t* p, const char* at, std::size_t n) {
      return self(p).on_header_value(self(p).span(at, n));
    };
    s.on_headers_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
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
  size_ = size;
  while (refusal_.status == 0 && step()) {
  }
  if (refusal_.status != 0) return State::refused;
  if (stage_ == Stage::complete) return State::complete;
  return stage_ == Stage::body_ahead ? State::body_ahead : State::incomplete;
}

bool RequestParser::step() {
  switch (stage_) {
  case Stage::empty_lines:
    return skip_empty_lines();
  case Stage::method:
    return read_method();
  case Stage::target:
    return read_target();
  case Stage::fields:
    return read_fields();
  case Stage::sized_body:
    return read_sized_body();
  case Stage::chunked_body:
    return read_chunked_body();
  case Stage::body_ahead:
  case Stage::complete:
    break;
  }
  return false;
}

bool RequestParser::wait_for_more(std::size_t keep) {
  at_ = kept_ = keep;
  return false;
}

bool RequestParser::complete() {
  stage_ = Stage::complete;
  return false;
}

bool RequestParser::refuse(int status, std::string_view detail) {
  refusal_ = {status, detail};
  keep_alive_ = false;
  return false;
}

// RFC 9112, section 2.2. What remains is at most the CR of an incomplete line end.
bool RequestParser::skip_empty_lines() {
  for (; at_ < size_; at_ += kCrlf.size(), empty_line_bytes_ += kCrlf.size()) {
    if (empty_line_bytes_ > limits_.header_bytes) return refuse(431, "Too many empty lines before the request");
    if (base_[at_] != '\r' && base_[at_] != '\n') {
      stage_ = Stage::method;
      method_.begin = method_.end = static_cast<std::uint32_t>(at_);
      return true;
    }
    if (base_[at_] == '\r' && at_ + 1 == size_) break;
    if (base_[at_] == '\n' || base_[at_ + 1] != '\n') return refuse(400, "Bare CR or LF before the request line");
  }
  const std::size_t rest = size_ - at_;
  std::memmove(base_, base_ + at_, rest);
  at_ = 0;
  kept_ = rest;
  return false;
}

// Before llhttp sees it: llhttp stops at the first letter that no known method has, and by then it may be unknown
// whether the token is a method at all.
bool RequestParser::read_method() {
  const std::string_view rest(base_ + method_.begin, size_ - method_.begin);
  const auto length =
      static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_token_char) - rest.begin());
  if (length > kMaxMethod) return refuse(501, "Unknown method");
  if (length == rest.size()) return wait_for_more(size_);
  if (length == 0) return refuse(400, why_no_method(rest.front()));
  if (rest[length] != ' ') return refuse(400, "Malformed request");
  method_.end = method_.begin + static_cast<std::uint32_t>(length);
  at_ = method_.begin;
  stage_ = Stage::target;
  return true;
}

std::string_view RequestParser::why_no_method(char first) const {
  if (first == kTlsHandshake) return "A TLS handshake was received; this port accepts plain HTTP only";
  if (first == '\0' && empty_line_bytes_ == kEmptyLinesOfProxyVersion2) return kProxyDetail;
  return "Malformed request";
}

// Feeds llhttp up to `end` at most.
llhttp_errno_t RequestParser::feed(std::size_t end) {
  const std::size_t from = at_;
  at_ = std::max(from, std::min(size_, end));
  const llhttp_errno_t outcome = llhttp_execute(&llhttp_, base_ + from, at_ - from);
  if (outcome != HPE_PAUSED) return outcome;
  at_ = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - base_);
  llhttp_resume(&llhttp_);
  return outcome;
}

bool RequestParser::read_target() {
  const std::size_t begin = method_.end + 1;
  const std::size_t end = begin + limits_.url_bytes + 2; // llhttp also looks at the byte after the blank
  const bool second_blank = begin < size_ && base_[begin] == ' ';
  const llhttp_errno_t outcome = feed(second_blank ? begin : end); // the method counts first
  if (second_blank) return outcome == HPE_OK ? refuse(400, "Malformed request line") : refuse_syntax(outcome);
  if (outcome == HPE_OK) {
    return at_ == end ? refuse(414, "The request target is too long") : wait_for_more(size_);
  }
  if (outcome != HPE_PAUSED) return refuse_syntax(outcome);
  if (target_.size() > limits_.url_bytes) return refuse(414, "The request target is too long");
  if (llhttp_.http_minor == 9) return refuse(505, "Only HTTP/1.0 and HTTP/1.1 are supported");
  stage_ = Stage::fields;
  return true;
}

bool RequestParser::read_fields() {
  const std::size_t end = target_.end + limits_.header_bytes + 2 * kCrlf.size(); // with the empty line
  const llhttp_errno_t outcome = feed(end);
  if (outcome == HPE_PAUSED) return finish_head();
  if (outcome != HPE_OK) return refuse_syntax(outcome);
  return at_ == end ? refuse(431, "The header fields are too large") : wait_for_more(size_);
}

bool RequestParser::refuse_syntax(llhttp_errno_t outcome) {
  if (refusal_.status != 0) return false; // by a callback
  switch (outcome) {
  case HPE_INVALID_METHOD:
    return refuse(501, text(method_) == kProxyVersion1 ? kProxyDetail : "Unknown method");
  case HPE_INVALID_VERSION:
  case HPE_PAUSED_H2_UPGRADE:
    return refuse(505, "Only HTTP/1.0 and HTTP/1.1 are supported");
  default:
    return refuse(400, "Malformed request");
  }
}

int RequestParser::on_target(Span part) {
  if (target_.size() == 0) target_.begin = part.begin;
  target_.end = part.end;
  return 0;
}

int RequestParser::on_header_name(Span part) {
  if (!in_name_) headers_.push_back({part, {part.end, part.end}});
  in_name_ = true;
  headers_.back().name.end = part.end;
  return 0;
}

// llhttp interprets a few fields itself, by outdated rules. With this state it reads their values like any other.
int RequestParser::on_header_name_complete() {
  constexpr std::uint8_t kGeneral = 0;
  llhttp_.header_state = kGeneral;
  if (!std::exchange(in_name_, false)) {
    refuse(400, "Malformed header field");
  } else if (headers_.size() > kMaxHeaders) {
    refuse(431, "Too many header fields");
  }
  return refusal_.status == 0 ? 0 : -1;
}

int RequestParser::on_header_value(Span part) {
  Header& header = headers_.back();
  if (!header.has_value) {
    header.value = part;
    header.has_value = true;
  } else if (part.begin != header.value.end) { // RFC 9112, section 5.2
    refuse(400, "Folded header field");
    return -1;
  }
  header.value.end = part.end;
  return 0;
}

bool RequestParser::finish_head() {
  std::size_t end = 0;
  if (llhttp_.http_major != 1) return refuse(505, "Only HTTP/1.0 and HTTP/1.1 are supported");
  if (!read_request_line(end)) return refuse(400, "Malformed request line");
  if (!read_header_lines(end)) return refuse(400, "Malformed header field");
  body_ = {static_cast<std::uint32_t>(end), static_cast<std::uint32_t>(end)};
  view_fields(base_);
  keep_alive_ = keeps_connection(fields_, is_http_1_0());
  if (!check_target() || !check_framing() || !check_host() || !check_expectation()) return false;
  if (!framing_.has_body()) return complete();
  stage_ = Stage::body_ahead;
  return false;
}

// "METHOD target HTTP/1.x", separated by one blank. llhttp would accept more blanks, a line without a version
// (HTTP/0.9), and the versions of RTSP and ICE. `line_end` is where the next line begins.
bool RequestParser::read_request_line(std::size_t& line_end) {
  constexpr std::string_view kVersion = " HTTP/1.";
  const std::string_view seen(base_, at_);
  const std::size_t digit = target_.end + kVersion.size();
  line_end = digit + 1 + kCrlf.size();
  return target_.begin == method_.end + 1 && seen.substr(target_.end, kVersion.size()) == kVersion &&
         (llhttp_.http_minor == 0 || llhttp_.http_minor == 1) && seen.substr(digit + 1, 2) == kCrlf;
}

// Checks the lines again by the grammar of RFC 9112, section 5: name ":" OWS value OWS CRLF. A span that is not where
// the grammar expects it means a fold, a bare LF or a blank before the colon that llhttp accepted.
bool RequestParser::read_header_lines(std::size_t& line_end) const {
  const std::string_view seen(base_, at_);
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
  if (llhttp_.method == HTTP_CONNECT) return refuse(501, "CONNECT is not supported; authd is not a proxy");
  if (!split_target(text(target_), method_of(llhttp_.method))) return refuse(400, "Malformed request target");
  return true;
}

bool RequestParser::check_framing() {
  const auto framing = body_framing(fields_, is_http_1_0());
  if (!framing) return refuse(framing.error().status, framing.error().detail);
  framing_ = *framing;
  return framing_.length_bytes <= limits_.body_bytes || refuse(413, "The request body is too large");
}

bool RequestParser::check_host() {
  const auto hosts = std::count_if(fields_.begin(), fields_.end(),
                                   [](const HeaderField& field) { return equals_ignoring_case(field.name, "Host"); });
  if (hosts > 1) return refuse(400, "More than one Host field");
  if (hosts == 0) return is_http_1_0() || refuse(400, "The Host field is missing");
  return is_host(find("Host")->value) || refuse(400, "Malformed Host field");
}

bool RequestParser::check_expectation() {
  const HeaderField* expect = find("Expect");
  if (expect == nullptr || is_http_1_0()) return true;
  if (!equals_ignoring_case(expect->value, "100-continue")) {
    return refuse(417, "Unsupported expectation; only 100-continue is supported");
  }
  expects_continue_ = framing_.has_body();
  return true;
}

void RequestParser::take_body(std::size_t at_most) {
  takes_body_ = true;
  begin_body(std::min(at_most, limits_.body_bytes));
}

void RequestParser::discard_body() { begin_body(limits_.body_bytes); }

void RequestParser::begin_body(std::size_t at_most) {
  stage_ = framing_.chunked ? Stage::chunked_body : Stage::sized_body;
  chunks_ = {at_most, limits_.header_bytes};
  if (framing_.length_bytes > at_most) refuse(413, "The request body is too large");
}

bool RequestParser::read_sized_body() {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(size_ - at_, framing_.length_bytes));
  keep_data({base_ + at_, size});
  at_ += size;
  framing_.length_bytes -= size;
  return framing_.length_bytes == 0 ? complete() : wait_for_more(body_.end);
}

// Moves the data of the chunks together, over the framing between them.
bool RequestParser::read_chunked_body() {
  std::string_view rest(base_ + at_, size_ - at_);
  if (!rest.empty()) expects_continue_ = false;
  ChunkedDecoder::Step step = chunks_.next(rest);
  for (; step.event == ChunkedDecoder::Event::data; step = chunks_.next(rest)) keep_data(step.data);
  at_ = size_ - rest.size();
  if (step.event == ChunkedDecoder::Event::end) return complete();
  return step.event == ChunkedDecoder::Event::more ? wait_for_more(body_.end) : refuse_chunk(step.event);
}

bool RequestParser::refuse_chunk(ChunkedDecoder::Event event) {
  switch (event) {
  case ChunkedDecoder::Event::too_large:
    return refuse(413, "The request body is too large");
  case ChunkedDecoder::Event::too_much_framing:
    return refuse(431, "Chunk extensions or trailers are too large");
  default:
    return refuse(400, "Malformed chunk");
  }
}

void RequestParser::keep_data(std::string_view data) {
  if (data.empty()) return;
  expects_continue_ = false;
  if (!takes_body_) return;
  std::memmove(base_ + body_.end, data.data(), data.size());
  body_.end += static_cast<std::uint32_t>(data.size());
}

const HeaderField* RequestParser::find(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const HeaderField& field) { return equals_ignoring_case(field.name, name); });
  return found == fields_.end() ? nullptr : &*found;
}

void RequestParser::view_fields(const char* bytes) {
  fields_.clear();
  for (const Header& header : headers_) {
    fields_.push_back({header.name.in(bytes), without_blanks_around(header.value.in(bytes))});
  }
  fields_bytes_ = bytes;
}

TargetParts RequestParser::describe_target(Request& request) const {
  request.path = request.query = {};
  if (stage_ < Stage::fields) return {}; // it is incomplete
  const auto parts = split_target(request.target, request.method);
  if (!parts) return {};
  request.path = parts->path.empty() ? "/" : parts->path; // RFC 9112, section 3.2.1
  request.query = parts->query;
  return *parts;
}

// Instead of the Host field or, in HTTP/1.0, in addition to none: RFC 9112, section 3.2.2.
void RequestParser::put_host(std::string_view authority) {
  for (HeaderField& field : fields_) {
    if (!equals_ignoring_case(field.name, "Host")) continue;
    field.value = authority;
    return;
  }
  fields_.push_back({"Host", authority});
}

void RequestParser::describe(const char* bytes, Request& request) {
  request.method = method_known_ ? method_of(llhttp_.method) : Method::other;
  request.method_name = method_.in(bytes);
  request.target = target_.in(bytes);
  const TargetParts target = describe_target(request);
  request.body = body_.in(bytes);
  if (stage_ <= Stage::fields || fields_bytes_ != bytes) view_fields(bytes);
  if (!target.authority.empty()) put_host(target.authority);
  request.headers = fields_;
}

} // namespace authd::http
