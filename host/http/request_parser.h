// SPDX-License-Identifier: Apache-2.0
// Bytes to Request, with llhttp in strict mode and, on top of it, what it lets pass: obs-fold, no or two
// Hosts, HTTP/0.9, RTSP and ICE, a fragment in the target, any transfer coding but chunked. Knows nothing of
// sockets, so that a test or a fuzzer can feed it.
//
// The caller owns the bytes and may move them between calls, because only offsets are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <llhttp/llhttp.h>

#include "http/exchange.h"

namespace authd::http {

struct RequestLimits {
  std::size_t header_bytes = 16 * 1024; // from the end of the target to the empty line: 431
  std::size_t url_bytes = 8 * 1024;     // the request target: 414
  std::size_t body_bytes = 1024 * 1024; // decoded: 413
};

// Why a request was refused before it reached a handler; the connection is closed after the answer.
struct Refusal {
  int status = 0;
  std::string_view detail;
};

class RequestParser {
 public:
  enum class State { incomplete, complete, refused };

  static constexpr std::size_t kMaxHeaders = 256; // more: 431

  explicit RequestParser(const RequestLimits& limits);
  void set_limits(const RequestLimits& limits) { limits_ = limits; } // between requests
  RequestParser(const RequestParser&) = delete;                      // llhttp points back to it
  RequestParser& operator=(const RequestParser&) = delete;

  void reset(); // the next call of parse begins a request

  // Goes on with the current request: bytes[0, kept()) are those of the calls before, what follows is new.
  // A chunked body is decoded in place, so the bytes change. Not to be called again after refused.
  State parse(char* bytes, std::size_t size);

  // Incomplete: how many of the bytes must stay; the next ones are to be put behind them.
  std::size_t kept() const { return fed_; }
  // Complete: how many of the bytes were the request; the next one begins there.
  std::size_t used() const { return used_; }
  const Refusal& refusal() const { return refusal_; }

  bool started() const { return started_; } // more than the empty lines that may precede a request
  bool expects_continue() const { return expects_continue_; } // RFC 9110, section 10.1.1
  bool keep_alive() const { return keep_alive_; }
  bool is_http_1_0() const { return llhttp_.http_major == 1 && llhttp_.http_minor == 0; }

  // What is known of the request, as views into `bytes` and this parser. After a refusal that may be less
  // than the whole: the path is empty when no request line was read.
  void describe(const char* bytes, Request& request);

 private:
  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::size_t size() const { return end - begin; }
    std::string_view in(const char* bytes) const { return {bytes + begin, size()}; }
  };
  struct Header {
    Span name;
    Span value;
    bool has_value = false;
  };

  static const llhttp_settings_t& callbacks();
  static RequestParser& self(llhttp_t* llhttp) { return *static_cast<RequestParser*>(llhttp->data); }

  int on_method(Span part);
  int on_target(Span part);
  int on_header_name(Span part);
  int on_header_value(Span part);
  int on_headers_complete();
  int on_body(Span part);
  int on_framing(std::size_t size); // chunk extensions and trailers, which are dropped

  int refuse(int status, std::string_view detail);
  State conclude(llhttp_errno_t outcome);
  void refuse_syntax(llhttp_errno_t outcome);
  void check_unfinished_head();

  bool read_request_line(std::size_t& line_end);
  bool read_header_lines(std::size_t& line_end) const;
  bool check_target();
  bool check_framing();
  bool check_host();
  bool check_expectation();

  Span span(const char* at, std::size_t size) const;
  void describe_target(Request& request) const;
  std::string_view text(Span s) const { return s.in(base_); }
  const Header* find(std::string_view name) const;
  std::size_t count(std::string_view name) const;

  RequestLimits limits_;
  llhttp_t llhttp_{};
  char* base_ = nullptr; // only valid within parse
  std::size_t fed_ = 0;
  std::size_t used_ = 0;
  std::size_t framing_bytes_ = 0;
  Span method_;
  Span target_;
  Span body_;
  Refusal refusal_;
  bool started_ = false;
  bool in_name_ = false;
  bool head_complete_ = false;
  bool expects_continue_ = false;
  bool keep_alive_ = false;
  std::vector<Header> headers_;
  std::vector<HeaderField> fields_;
};

} // namespace authd::http
