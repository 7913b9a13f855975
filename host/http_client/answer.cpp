// SPDX-License-Identifier: Apache-2.0
#include "http_client/answer.h"

#include <algorithm>
#include <utility>

#include "http_client/request.h"
#include "secrets/secret.h"

namespace authd::http_client {
namespace {

constexpr std::size_t kFirstReserve = 16 * 1024;
// What a callback returns to end the parse; `state_` then says why.
constexpr int kStop = HPE_USER;

} // namespace

Answer::Answer(bool bodiless, std::uint64_t max_body_bytes) : bodiless_(bodiless), max_body_(max_body_bytes) {
  llhttp_init(&parser_, HTTP_RESPONSE, settings());
  parser_.data = this;
}

std::string_view Answer::header(std::string_view name) const {
  const auto found =
      std::find_if(headers_.begin(), headers_.end(), [&](const AnswerHeader& h) { return same_name(h.name, name); });
  return found != headers_.end() ? std::string_view(found->value) : std::string_view();
}

Answer::~Answer() { wipe(body_.data(), body_.size()); }

const llhttp_settings_t* Answer::settings() {
  static const llhttp_settings_t table = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_header_field = [](llhttp_t* p, const char* at, std::size_t n) { return of(p).append(of(p).name_, at, n); };
    s.on_header_value = [](llhttp_t* p, const char* at, std::size_t n) { return of(p).append(of(p).value_, at, n); };
    s.on_header_value_complete = [](llhttp_t* p) {
      Answer& a = of(p);
      if (a.headers_.size() == kMaxHeaders) {
        a.state_ = State::too_long;
        return kStop;
      }
      a.headers_.push_back({std::exchange(a.name_, {}), std::exchange(a.value_, {})});
      return 0;
    };
    s.on_headers_complete = [](llhttp_t* p) { return of(p).on_headers_complete(); };
    s.on_body = [](llhttp_t* p, const char* at, std::size_t n) { return of(p).on_body(at, n); };
    s.on_message_complete = [](llhttp_t* p) { return of(p).on_message_complete(); };
    return s;
  }();
  return &table;
}

int Answer::append(std::string& to, const char* at, std::size_t n) {
  header_bytes_ += n;
  if (header_bytes_ > kMaxHeaderBytes) {
    state_ = State::too_long;
    return kStop;
  }
  to.append(at, n);
  return 0;
}

int Answer::on_headers_complete() {
  status_ = parser_.status_code;
  if (parser_.http_major != 1 || status_ < 100 || status_ == 101) return kStop;
  if ((parser_.flags & F_CONTENT_LENGTH) != 0 && !bodiless_) {
    if (parser_.content_length > max_body_) {
      state_ = State::too_long;
      return kStop;
    }
    // The peer may announce any length: no more than this is reserved for it.
    body_.reserve(std::min<std::size_t>(parser_.content_length, kFirstReserve));
  }
  return bodiless_ ? 1 : 0;
}

int Answer::on_body(const char* at, std::size_t n) {
  if (n > max_body_ - body_.size()) {
    state_ = State::too_long;
    return kStop;
  }
  body_.append(at, n);
  return 0;
}

int Answer::on_message_complete() {
  if (status_ < 200) { // an interim answer (RFC 9110, section 15.2): the real one follows
    headers_.clear();
    return 0;
  }
  reusable_ = llhttp_should_keep_alive(&parser_) == 1;
  state_ = State::complete;
  return HPE_PAUSED;
}

Answer::State Answer::feed(std::string_view bytes) {
  started_ = started_ || !bytes.empty();
  if (state_ == State::complete) reusable_ = reusable_ && bytes.empty();
  if (state_ != State::incomplete) return state_;
  const llhttp_errno_t error = llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (state_ == State::complete) {
    reusable_ = reusable_ && llhttp_get_error_pos(&parser_) == bytes.data() + bytes.size();
  } else if (error != HPE_OK && state_ == State::incomplete) {
    state_ = State::malformed;
  }
  return state_;
}

Answer::State Answer::finish() {
  if (state_ != State::incomplete || !started_) return state_;
  llhttp_finish(&parser_); // calls on_message_complete where the end of the connection ends the answer
  reusable_ = false;
  return state_;
}

} // namespace authd::http_client
