// SPDX-License-Identifier: Apache-2.0
#include "plugin/redaction.h"

#include <algorithm>

#include "base/json_writer.h"
#include "secrets/secret.h"

namespace authd::plugin {
namespace {

constexpr std::size_t kShortest = 4;
constexpr std::size_t kMaxMessage = 1024;
constexpr std::string_view kMark = "[redacted]";

void replace_all(std::string& text, std::string_view secret) {
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kMark.size()))
    text.replace(at, secret.size(), kMark);
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// U+0080 to U+009F, of which U+009B begins an escape sequence of terminals.
void blank_c1_controls(std::string& utf8) {
  for (std::size_t at = 0; (at = utf8.find('\xC2', at)) != std::string::npos; ++at)
    if (static_cast<unsigned char>(utf8[at + 1]) < 0xA0) utf8.replace(at, 2, " ");
}

void cut(std::string& text) {
  if (text.size() <= kMaxMessage) return;
  std::size_t end = kMaxMessage;
  while (end > 0 && continues(text[end])) --end;
  text.resize(end);
}

} // namespace

Redaction::Redaction(const config::PluginSettings& settings) {
  for (const auto& [pointer, value] : settings.values) {
    const bool text = value.type == config::PluginValue::Type::string;
    if (value.secret && text && value.text.reveal().size() >= kShortest) secrets_.push_back(value.text);
  }
  std::sort(secrets_.begin(), secrets_.end(),
            [](const Secret& a, const Secret& b) { return a.reveal().size() > b.reveal().size(); });
}

std::string Redaction::clean(std::string_view text) const {
  std::string out(text);
  // First, because one of them may be a URL that would not be found any more.
  for (const Secret& secret : secrets_) replace_all(out, secret.reveal());
  out = without_url_credentials(out);
  const bool utf8 = is_utf8(out);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) c = ' ';
    if (byte >= 0x80 && !utf8) c = '?';
  }
  if (utf8) blank_c1_controls(out);
  cut(out);
  return out;
}

} // namespace authd::plugin
