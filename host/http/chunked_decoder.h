// SPDX-License-Identifier: Apache-2.0
// Takes a chunked body apart by the grammar of RFC 9112, section 7.1, and by nothing else: a line ends in
// CRLF, blanks stand only around the marks of an extension, and the trailer section is made of whole field
// lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace authd::http {

class ChunkedDecoder {
 public:
  enum class Event : std::uint8_t {
    more,             // the bytes are used up
    data,             // `data` is the next piece of the body
    end,              // of the body and its trailer section
    malformed,        // no chunked body
    too_large,        // the chunks that were announced hold more than `data_bytes`
    too_much_framing, // extensions and trailers take more than `framing_bytes`
  };
  struct Step {
    Event event;
    std::string_view data;
  };

  // Digits of a chunk's size. Sixteen hold every size; more can only be zeros in front.
  static constexpr unsigned kMaxDigits = 16;

  ChunkedDecoder() = default;
  ChunkedDecoder(std::uint64_t data_bytes, std::size_t framing_bytes)
      : data_left_(data_bytes), framing_left_(framing_bytes) {}

  // Takes what it reads off the front of `bytes`. The outcome does not depend on how the bytes were divided.
  // Not to be called again after one of the last four events.
  Step next(std::string_view& bytes);

 private:
  enum class Place : std::uint8_t {
    size,
    size_line_feed,
    // Behind the size, all of it dropped.
    blank_before_extension,
    extension_start,
    extension_name,
    blank_behind_name,
    value_start,
    value,
    quoted,
    escaped,
    behind_quoted,
    // The chunk itself.
    data,
    data_return,
    data_line_feed,
    // Behind the last chunk, dropped as well.
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_line_feed,
    last_line_feed,
    // Nothing is read any more.
    end,
    malformed,
    too_large,
    too_much_framing,
  };

  Place after(char c);
  Place in_size(char c);
  Place in_extension(char c);
  Place in_trailer(char c);
  Place begin_chunk();
  Place begin_size();
  Step take_data(std::string_view& bytes);
  static Place behind_element(char c);
  static Event event_at(Place place);

  std::uint64_t data_left_ = 0;  // of the limit
  std::uint64_t chunk_left_ = 0; // of the current chunk; while in its size, the size so far
  std::size_t framing_left_ = 0; // of the limit
  unsigned digits_ = 0;          // of the size so far
  Place place_ = Place::size;
};

} // namespace authd::http
