// SPDX-License-Identifier: Apache-2.0
// Decodes a chunked body strictly by the grammar of RFC 9112, section 7.1: a line ends in CRLF, blanks are allowed
// only around the delimiters of an extension, and the trailer section consists of whole field lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace authd::http {

class ChunkedDecoder {
 public:
  enum class Event : std::uint8_t {
    more,             // all bytes are consumed
    data,             // `data` is the next piece of the body
    end,              // of the body and its trailer section
    malformed,        // not a chunked body
    too_large,        // the announced chunks exceed `data_bytes`
    too_much_framing, // extensions and trailers exceed `framing_bytes`
  };
  struct Step {
    Event event;
    std::string_view data;
  };

  // Digits of a chunk's size. Sixteen are enough for every size; more can only be leading zeros.
  static constexpr unsigned kMaxDigits = 16;

  ChunkedDecoder() = default;
  ChunkedDecoder(std::uint64_t data_bytes, std::size_t framing_bytes)
      : data_left_(data_bytes), framing_left_(framing_bytes) {}

  // Removes what it reads from the front of `bytes`. The outcome does not depend on how the bytes were divided.
  // Must not be called again after one of the last four events.
  Step next(std::string_view& bytes);

 private:
  enum class State : std::uint8_t {
    size,
    size_line_feed,
    // After the size; all of it is dropped.
    blank_before_extension,
    extension_start,
    extension_name,
    blank_after_name,
    value_start,
    value,
    quoted,
    escaped,
    after_quoted,
    // The chunk itself.
    data,
    data_return,
    data_line_feed,
    // After the last chunk; dropped as well.
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_line_feed,
    last_line_feed,
    // Final: nothing more is read.
    end,
    malformed,
    too_large,
    too_much_framing,
  };

  State after(char c);
  State in_size(char c);
  State in_extension(char c);
  State in_trailer(char c);
  State begin_chunk();
  State begin_size();
  Step take_data(std::string_view& bytes);
  static State after_element(char c);
  static Event event_at(State state);

  std::uint64_t data_left_ = 0;  // of the limit
  std::uint64_t chunk_left_ = 0; // of the current chunk; while in its size, the size so far
  std::size_t framing_left_ = 0; // of the limit
  unsigned digits_ = 0;          // of the size so far
  State state_ = State::size;
};

} // namespace authd::http
