// SPDX-License-Identifier: Apache-2.0
#include "kong_uuid.h"

#include <Poco/SHA1Engine.h>
#include <Poco/UUID.h>
#include <Poco/UUIDGenerator.h>

#include <algorithm>

namespace authd::kong_declarative {
namespace {

constexpr const char* kKongNamespace = "fd02801f-0957-4a15-a55a-c8d9606f30b5";

Poco::UUID version_5(const Poco::UUID& name_space, const std::string& name) {
  Poco::UUIDGenerator generator;
  Poco::SHA1Engine sha1;
  return generator.createFromName(name_space, name, sha1, Poco::UUID::UUID_NAME_BASED_SHA1);
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

} // namespace

std::string derived_id(const std::string& entity, const std::string& name) {
  return version_5(version_5(Poco::UUID(kKongNamespace), entity), name).toString();
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return text.size() == kShape.size() && std::equal(text.begin(), text.end(), kShape.begin(), [](char c, char shape) {
           return shape == '-' ? c == '-' : is_hex(c);
         });
}

std::string lower(std::string_view ascii) {
  std::string text(ascii);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

} // namespace authd::kong_declarative
