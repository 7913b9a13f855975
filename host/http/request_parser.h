// SPDX-License-Identifier: Apache-2.0
// Bytes to Request. llhttp in strict mode reads the lines of the head; what they mean is decided here and in
// request_rules.h, which also refuse what llhttp accepts: obs-fold, no or two Hosts, HTTP/0.9, RTSP and ICE, a fragment
// in the target. The body is read here and by ChunkedDecoder. Knows nothing of sockets, so that a test or a fuzzer can
// feed it.
//
// The outcome does not depend on how the bytes were divided: llhttp never sees a byte beyond a limit, and nothing is
// decided by how much has arrived.
//
// The caller owns the bytes and may move them between calls, because only offsets are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <llhttp/llhttp.h>

#include "http/chunked_decoder.h"
#include "http/exchange.h"
#include "http/request_rules.h"

namespace authd::http {

struct RequestLimits {
  std::size_t header_bytes = 16 * 1024; // from the end of the target to the empty line: 431
  std::size_t url_bytes = 8 * 1024;     // the request target: 414
  std::size_t body_bytes = 1024 * 1024; // decoded: 413
};

class RequestParser {
 public:
  enum class State { incomplete, body_ahead, complete, refused };

  static constexpr std::size_t kMaxHeaders = 256; // more: 431
  static constexpr std::size_t kMaxMethod = 32;   // longer: 501

  explicit RequestParser(const RequestLimits& limits);
  void set_limits(const RequestLimits& limits) { limits_ = limits; } // between requests
  RequestParser(const RequestParser&) = delete;                      // llhttp points back to it
  RequestParser& operator=(const RequestParser&) = delete;

  void reset(); // the next call of parse begins a request

  // Continues the current request: bytes[0, kept()) are those of the previous calls, the rest is new. A chunked body is
  // decoded in place, so the bytes change. Must not be called again after State::refused.
  State parse(char* bytes, std::size_t size);

  // After State::body_ahead: the head is complete and a body follows. Call one of these, then parse again with the same
  // bytes. A taken body may have `at_most` bytes, or what RequestLimits allow if that is less. A discarded one is not
  // kept, but RequestLimits apply to it too.
  void take_body(std::size_t at_most);
  void discard_body();
  bool takes_body() const { return takes_body_; }

  // Incomplete: how many of the bytes must stay; the next ones must follow them.
  std::size_t kept() const { return kept_; }
  // Complete: how many of the bytes were the request; the next one begins there.
  std::size_t used() const { return at_; }
  const Refusal& refusal() const { return refusal_; }

  bool started() const { return stage_ != Stage::empty_lines; } // beyond the empty lines that may precede a request
  // The size of the empty lines before the request, which are not kept. They count for
  // RequestLimits::header_bytes; a parser that continues where another one stopped is told their size.
  std::size_t empty_line_bytes() const { return empty_line_bytes_; }
  void continue_after_empty_lines(std::size_t bytes) { empty_line_bytes_ = bytes; }

  bool expects_continue() const { return expects_continue_; } // RFC 9110, section 10.1.1
  bool keep_alive() const { return keep_alive_; }
  bool is_http_1_0() const { return llhttp_.http_major == 1 && llhttp_.http_minor == 0; }

  // What is known of the request, as views into `bytes` and this parser. After a refusal it may be incomplete: the path
  // is empty if no request line was read.
  void describe(const char* bytes, Request& request);

 private:
  enum class Stage : std::uint8_t {
    empty_lines,
    method,
    target,
    fields,
    body_ahead,
    sized_body,
    chunked_body,
    complete
  };
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

  // What llhttp calls.
  int on_target(Span part);
  int on_header_name(Span part);
  int on_header_name_complete();
  int on_header_value(Span part);

  // Each continues its stage. True: the next stage can begin.
  bool step();
  bool skip_empty_lines();
  bool read_method();
  std::string_view why_no_method(char first) const;
  bool read_target();
  bool read_fields();
  bool read_sized_body();
  bool read_chunked_body();

  llhttp_errno_t feed(std::size_t end);
  bool wait_for_more(std::size_t keep);
  bool complete();
  bool refuse(int status, std::string_view detail);
  bool refuse_syntax(llhttp_errno_t outcome);
  bool refuse_chunk(ChunkedDecoder::Event event);

  bool finish_head();
  bool read_request_line(std::size_t& line_end);
  bool read_header_lines(std::size_t& line_end) const;
  bool check_target();
  bool check_framing();
  bool check_host();
  bool check_expectation();
  void begin_body(std::size_t at_most);
  void keep_data(std::string_view data);

  Span span(const char* at, std::size_t size) const;
  TargetParts describe_target(Request& request) const;
  void put_host(std::string_view authority);
  void view_fields(const char* bytes);
  std::string_view text(Span s) const { return s.in(base_); }
  const HeaderField* find(std::string_view name) const;

  RequestLimits limits_;
  llhttp_t llhttp_{};
  char* base_ = nullptr; // only valid within parse
  std::size_t size_ = 0; // likewise
  std::size_t at_ = 0;   // read up to here
  std::size_t kept_ = 0;
  std::size_t empty_line_bytes_ = 0;
  Span method_;
  Span target_;
  Span body_;
  Refusal refusal_;
  BodyFraming framing_;
  ChunkedDecoder chunks_;
  Stage stage_ = Stage::empty_lines;
  bool in_name_ = false;
  bool takes_body_ = false;
  bool method_known_ = false;
  bool expects_continue_ = false;
  bool keep_alive_ = false;
  std::vector<Header> headers_;
  std::vector<HeaderField> fields_;    // views of headers_
  const char* fields_bytes_ = nullptr; // what they are views into
};

} // namespace authd::http
