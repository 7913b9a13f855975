// SPDX-License-Identifier: Apache-2.0
#include "http/chunked_decoder.h"

#include <algorithm>

#include "http/field_syntax.h"

namespace authd::http {
namespace {

// -1 if it is not a hexadecimal digit.
int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

ChunkedDecoder::Step ChunkedDecoder::next(std::string_view& bytes) {
  while (!bytes.empty()) {
    if (state_ == State::data) return take_data(bytes);
    state_ = after(bytes.front());
    bytes.remove_prefix(1);
    if (state_ >= State::end) return {event_at(state_), {}};
  }
  return {Event::more, {}};
}

ChunkedDecoder::Event ChunkedDecoder::event_at(State state) {
  switch (state) {
  case State::end:
    return Event::end;
  case State::too_large:
    return Event::too_large;
  case State::too_much_framing:
    return Event::too_much_framing;
  default:
    return Event::malformed;
  }
}

ChunkedDecoder::Step ChunkedDecoder::take_data(std::string_view& bytes) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, bytes.size()));
  const std::string_view data = bytes.substr(0, size);
  bytes.remove_prefix(size);
  chunk_left_ -= size;
  if (chunk_left_ == 0) state_ = State::data_return;
  return {Event::data, data};
}

ChunkedDecoder::State ChunkedDecoder::after(char c) {
  switch (state_) {
  case State::size:
    return in_size(c);
  case State::size_line_feed:
    return c == '\n' ? begin_chunk() : State::malformed;
  case State::data_return:
    return c == '\r' ? State::data_line_feed : State::malformed;
  case State::data_line_feed:
    return c == '\n' ? begin_size() : State::malformed;
  default:
    break;
  }
  if (framing_left_ == 0) return State::too_much_framing;
  --framing_left_;
  return state_ >= State::trailer_start ? in_trailer(c) : in_extension(c);
}

ChunkedDecoder::State ChunkedDecoder::begin_size() {
  digits_ = 0;
  return State::size;
}

ChunkedDecoder::State ChunkedDecoder::in_size(char c) {
  const int digit = digit_of(c);
  if (digit < 0) {
    const State next = digits_ == 0 ? State::malformed : after_element(c);
    return next != State::malformed && chunk_left_ > data_left_ ? State::too_large : next;
  }
  if (++digits_ > kMaxDigits) return State::malformed;
  chunk_left_ = chunk_left_ << 4 | static_cast<unsigned>(digit);
  return State::size;
}

ChunkedDecoder::State ChunkedDecoder::begin_chunk() {
  data_left_ -= chunk_left_;
  return chunk_left_ == 0 ? State::trailer_start : State::data;
}

// After the size, and after an extension that may be complete.
ChunkedDecoder::State ChunkedDecoder::after_element(char c) {
  if (c == '\r') return State::size_line_feed;
  if (c == ';') return State::extension_start;
  return is_blank(c) ? State::blank_before_extension : State::malformed;
}

// *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ): RFC 9112, section 7.1.1, and RFC 9110,
// section 5.6.4.
ChunkedDecoder::State ChunkedDecoder::in_extension(char c) {
  switch (state_) {
  case State::blank_before_extension:
    if (is_blank(c)) return state_;
    return c == ';' ? State::extension_start : State::malformed;
  case State::extension_start:
    if (is_blank(c)) return state_;
    return is_token_char(c) ? State::extension_name : State::malformed;
  case State::extension_name:
    if (is_token_char(c)) return state_;
    if (c == '=') return State::value_start;
    return is_blank(c) ? State::blank_after_name : after_element(c);
  case State::blank_after_name:
    if (is_blank(c)) return state_;
    if (c == '=') return State::value_start;
    return c == ';' ? State::extension_start : State::malformed;
  case State::value_start:
    if (is_blank(c)) return state_;
    if (c == '"') return State::quoted;
    return is_token_char(c) ? State::value : State::malformed;
  case State::value:
    return is_token_char(c) ? state_ : after_element(c);
  case State::quoted:
    if (c == '"') return State::after_quoted;
    if (c == '\\') return State::escaped;
    return is_field_text(c) ? state_ : State::malformed;
  case State::escaped:
    return is_field_text(c) ? State::quoted : State::malformed;
  default:
    return after_element(c);
  }
}

// *( field-name ":" OWS field-value OWS CRLF ) CRLF: RFC 9112, section 7.1.2. A folded line begins with a
// blank, which is not a character of a name.
ChunkedDecoder::State ChunkedDecoder::in_trailer(char c) {
  switch (state_) {
  case State::trailer_start:
    if (c == '\r') return State::last_line_feed;
    return is_token_char(c) ? State::trailer_name : State::malformed;
  case State::trailer_name:
    if (c == ':') return State::trailer_value;
    return is_token_char(c) ? state_ : State::malformed;
  case State::trailer_value:
    if (c == '\r') return State::trailer_line_feed;
    return is_field_text(c) ? state_ : State::malformed;
  case State::trailer_line_feed:
    return c == '\n' ? State::trailer_start : State::malformed;
  default:
    return c == '\n' ? State::end : State::malformed;
  }
}

} // namespace authd::http
