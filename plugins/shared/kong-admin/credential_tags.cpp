// SPDX-License-Identifier: Apache-2.0
#include "credential_tags.h"

#include <algorithm>

#include <Poco/UTF8Encoding.h>

namespace authd::kong {
namespace {

bool is_utf8(std::string_view text) {
  const Poco::UTF8Encoding encoding;
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  for (std::size_t left = text.size(); left > 0;) {
    const int size = encoding.sequenceLength(at, 1);
    if (size < 1 || static_cast<std::size_t>(size) > left || !Poco::UTF8Encoding::isLegal(at, size)) return false;
    at += size;
    left -= static_cast<std::size_t>(size);
  }
  return true;
}

} // namespace

std::optional<std::string> fault_of_tag(std::string_view tag) {
  const auto is_control = [](unsigned char c) { return c < ' ' || c == 0x7f; };
  if (tag.empty()) return "is empty; a tag of Kong has at least one character";
  if (tag.find_first_of(",/") != std::string_view::npos)
    return "has a comma or a slash in it, which Kong refuses in a tag";
  if (std::any_of(tag.begin(), tag.end(), is_control) || !is_utf8(tag))
    return "is not printable UTF-8, which Kong wants of a tag";
  return std::nullopt;
}

std::vector<std::string> tags_of(const sdk::Config& config, sdk::Call& call) {
  if (!config.has("/tags")) return {"authd"};
  std::vector<std::string> tags;
  for (const std::string_view tag : config.strings("/tags")) {
    if (const auto fault = fault_of_tag(tag)) (void)call.refuse("/tags/" + std::to_string(tags.size()), *fault);
    tags.emplace_back(tag);
  }
  return tags;
}

} // namespace authd::kong
