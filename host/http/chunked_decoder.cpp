// SPDX-License-Identifier: Apache-2.0
#include "http/chunked_decoder.h"

#include <algorithm>

#include "http/field_syntax.h"

namespace authd::http {
namespace {

// -1 for what is no hexadecimal digit.
int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

ChunkedDecoder::Step ChunkedDecoder::next(std::string_view& bytes) {
  while (!bytes.empty()) {
    if (place_ == Place::data) return take_data(bytes);
    place_ = after(bytes.front());
    bytes.remove_prefix(1);
    if (place_ >= Place::end) return {event_at(place_), {}};
  }
  return {Event::more, {}};
}

ChunkedDecoder::Event ChunkedDecoder::event_at(Place place) {
  switch (place) {
  case Place::end:
    return Event::end;
  case Place::too_large:
    return Event::too_large;
  case Place::too_much_framing:
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
  if (chunk_left_ == 0) place_ = Place::data_return;
  return {Event::data, data};
}

ChunkedDecoder::Place ChunkedDecoder::after(char c) {
  switch (place_) {
  case Place::size:
    return in_size(c);
  case Place::size_line_feed:
    return c == '\n' ? begin_chunk() : Place::malformed;
  case Place::data_return:
    return c == '\r' ? Place::data_line_feed : Place::malformed;
  case Place::data_line_feed:
    return c == '\n' ? begin_size() : Place::malformed;
  default:
    break;
  }
  if (framing_left_ == 0) return Place::too_much_framing;
  --framing_left_;
  return place_ >= Place::trailer_start ? in_trailer(c) : in_extension(c);
}

ChunkedDecoder::Place ChunkedDecoder::begin_size() {
  digits_ = 0;
  return Place::size;
}

ChunkedDecoder::Place ChunkedDecoder::in_size(char c) {
  const int digit = digit_of(c);
  if (digit < 0) {
    const Place behind = digits_ == 0 ? Place::malformed : behind_element(c);
    return behind != Place::malformed && chunk_left_ > data_left_ ? Place::too_large : behind;
  }
  if (++digits_ > kMaxDigits) return Place::malformed;
  chunk_left_ = chunk_left_ << 4 | static_cast<unsigned>(digit);
  return Place::size;
}

ChunkedDecoder::Place ChunkedDecoder::begin_chunk() {
  data_left_ -= chunk_left_;
  return chunk_left_ == 0 ? Place::trailer_start : Place::data;
}

// Behind the size, and behind an extension that may be over.
ChunkedDecoder::Place ChunkedDecoder::behind_element(char c) {
  if (c == '\r') return Place::size_line_feed;
  if (c == ';') return Place::extension_start;
  return is_blank(c) ? Place::blank_before_extension : Place::malformed;
}

// *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ): RFC 9112, section 7.1.1, and RFC 9110,
// section 5.6.4.
ChunkedDecoder::Place ChunkedDecoder::in_extension(char c) {
  switch (place_) {
  case Place::blank_before_extension:
    if (is_blank(c)) return place_;
    return c == ';' ? Place::extension_start : Place::malformed;
  case Place::extension_start:
    if (is_blank(c)) return place_;
    return is_token_char(c) ? Place::extension_name : Place::malformed;
  case Place::extension_name:
    if (is_token_char(c)) return place_;
    if (c == '=') return Place::value_start;
    return is_blank(c) ? Place::blank_behind_name : behind_element(c);
  case Place::blank_behind_name:
    if (is_blank(c)) return place_;
    if (c == '=') return Place::value_start;
    return c == ';' ? Place::extension_start : Place::malformed;
  case Place::value_start:
    if (is_blank(c)) return place_;
    if (c == '"') return Place::quoted;
    return is_token_char(c) ? Place::value : Place::malformed;
  case Place::value:
    return is_token_char(c) ? place_ : behind_element(c);
  case Place::quoted:
    if (c == '"') return Place::behind_quoted;
    if (c == '\\') return Place::escaped;
    return is_field_text(c) ? place_ : Place::malformed;
  case Place::escaped:
    return is_field_text(c) ? Place::quoted : Place::malformed;
  default:
    return behind_element(c);
  }
}

// *( field-name ":" OWS field-value OWS CRLF ) CRLF: RFC 9112, section 7.1.2. A folded line begins with a
// blank, which is no character of a name.
ChunkedDecoder::Place ChunkedDecoder::in_trailer(char c) {
  switch (place_) {
  case Place::trailer_start:
    if (c == '\r') return Place::last_line_feed;
    return is_token_char(c) ? Place::trailer_name : Place::malformed;
  case Place::trailer_name:
    if (c == ':') return Place::trailer_value;
    return is_token_char(c) ? place_ : Place::malformed;
  case Place::trailer_value:
    if (c == '\r') return Place::trailer_line_feed;
    return is_field_text(c) ? place_ : Place::malformed;
  case Place::trailer_line_feed:
    return c == '\n' ? Place::trailer_start : Place::malformed;
  default:
    return c == '\n' ? Place::end : Place::malformed;
  }
}

} // namespace authd::http
