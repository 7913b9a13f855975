// SPDX-License-Identifier: Apache-2.0
// Parses one HTTP/1.1 answer with llhttp, within bounds, and tells when it is complete. Poco's HTTP streams
// cannot tell a chunked body that was cut off from one that ended: a short answer would pass for the
// whole, here a list of credentials with some missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <llhttp/llhttp.h>

namespace authd::http_client {

struct AnswerHeader {
  std::string name;
  std::string value;
};

class Answer {
 public:
  enum class State { incomplete, complete, malformed, too_long };

  // `bodiless`: the answer to a HEAD. Headers and trailers together are bounded by kMaxHeaderBytes.
  Answer(bool bodiless, std::uint64_t max_body_bytes);
  ~Answer(); // wipes the body: it may hold secrets
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  // Bytes as they come; further bytes after `complete` make the connection unfit for reuse.
  State feed(std::string_view bytes);
  // The peer closed. Completes an answer that is delimited by the end of the connection (RFC 9112,
  // section 6.3, rule 8); anything else stays incomplete.
  State finish();

  bool started() const { return started_; }   // any byte has come
  bool reusable() const { return reusable_; } // the connection, once complete
  int status() const { return status_; }
  const std::vector<AnswerHeader>& headers() const { return headers_; }
  std::string_view header(std::string_view name) const; // the first of that name; empty: none
  std::string_view body() const { return body_; }

  static constexpr std::size_t kMaxHeaderBytes = 64 * 1024;
  static constexpr std::size_t kMaxHeaders = 256;

 private:
  static const llhttp_settings_t* settings();
  static Answer& of(llhttp_t* parser) { return *static_cast<Answer*>(parser->data); }
  int append(std::string& to, const char* at, std::size_t n);
  int on_headers_complete();
  int on_body(const char* at, std::size_t n);
  int on_message_complete();

  llhttp_t parser_{};
  const bool bodiless_;
  const std::uint64_t max_body_;
  std::string name_, value_;
  std::vector<AnswerHeader> headers_;
  std::size_t header_bytes_ = 0;
  std::string body_;
  int status_ = 0;
  State state_ = State::incomplete;
  bool started_ = false;
  bool reusable_ = false;
};

} // namespace authd::http_client
