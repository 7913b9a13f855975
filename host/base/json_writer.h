// SPDX-License-Identifier: Apache-2.0
// Appends JSON to a caller's buffer: for the hot path and the log, where Poco::JSON's tree of shared
// pointers would cost more than the signature. Documents that are read or rarely built use Poco::JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace authd {

// Appends `text` in quotes, escaped as RFC 8259, section 7 requires. Bytes above 0x7f pass through:
// the caller has checked that they are UTF-8 (is_utf8), or uses append_json_string_lossy.
void append_json_string(std::string& out, std::string_view text);

// The same for untrusted bytes: what is not UTF-8 becomes U+FFFD.
void append_json_string_lossy(std::string& out, std::string_view bytes);

// Likewise, and safe to display: characters that a terminal or viewer interprets instead of showing (C1 controls,
// overrides of text direction, Unicode's line separators) are escaped too, so that a client cannot forge log output.
void append_json_string_inert(std::string& out, std::string_view bytes);

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view bytes);

// Of UTF-8: C0, DEL, and C1 (U+0080 to U+009F).
bool has_control_characters(std::string_view text);

// Streaming writer that adds the commas. Values are written in call order; the caller is responsible for nesting.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& value(double number); // not finite: null
  JsonWriter& value(bool flag);
  JsonWriter& null();
  JsonWriter& value(std::optional<std::int64_t> number) { return number ? value(*number) : null(); }

  template <class T>
  JsonWriter& member(std::string_view name, const T& v) {
    return key(name).value(v);
  }

 private:
  JsonWriter& open(char c);
  JsonWriter& close(char c);
  void separate();

  std::string& out_;
  bool comma_ = false;
};

} // namespace authd
