// SPDX-License-Identifier: Apache-2.0
// A fuzz target: bytes from outside go into one entry of authd, and what must hold of the outcome is required. The same
// functions are searched by libFuzzer (one executable each: libfuzzer_main.cpp) and replayed over the corpora by a test
// (corpus_test.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace authd::fuzz {

using Bytes = std::span<const std::uint8_t>;

// libFuzzer reports it as a crash because nobody catches it; for the test it is a failure that names the property.
struct BrokenProperty : std::logic_error {
  using logic_error::logic_error;
};

inline void require(bool holds, std::string_view property) {
  if (!holds) throw BrokenProperty(std::string(property));
}

struct Target {
  std::string_view name; // of its executable, its corpus and its dictionary
  void (*run)(Bytes input);
};

std::span<const Target> targets();

// Each stands in the file of its name, which says what it makes of the input and what it requires.
void consumer_headers(Bytes input);
void declarative_yaml(Bytes input);
void environment(Bytes input);
void http_request(Bytes input);
void kong_admin_json(Bytes input);
void konnect_json(Bytes input);
void plugin_file(Bytes input);
void redis_reply(Bytes input);
void sealed_value(Bytes input);
void signing_keys(Bytes input);
void tls_beginning(Bytes input);
void token(Bytes input);
void toml(Bytes input);

// --- taking an input apart

inline std::string_view as_text(Bytes input) { return {reinterpret_cast<const char*>(input.data()), input.size()}; }

// Takes the text up to `end` off the front, and `end` with it; all of it when there is none.
inline std::string_view take_until(std::string_view& text, std::string_view end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + end.size());
  return taken;
}

inline std::string_view take_line(std::string_view& text) { return take_until(text, "\n"); }

// The first byte, which selects what is done with the others; 0 when there is none.
inline char take_choice(std::string_view& text) {
  if (text.empty()) return 0;
  const char choice = text.front();
  text.remove_prefix(1);
  return choice;
}

// Where to cut an input in two: depends on all of its bytes, so that the input itself need not say it. FNV-1a.
inline std::size_t place_in(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return text.empty() ? 0 : static_cast<std::size_t>(hash % text.size());
}

// --- what is required more than once

// For the log and for terminals.
inline bool is_one_line(std::string_view message) {
  return !message.empty() && message.find_first_of(std::string_view("\r\n\0\x1b", 4)) == std::string_view::npos;
}

} // namespace authd::fuzz
