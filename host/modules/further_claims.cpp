// SPDX-License-Identifier: Apache-2.0
#include "modules/further_claims.h"

#include <algorithm>
#include <array>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>

#include "base/json_writer.h"
#include "plugin/note_reader.h"

namespace authd::modules {
namespace {

constexpr std::array<std::string_view, 10> kOfTheHost = {"iss", "sub", "aud", "exp",       "nbf",
                                                         "iat", "jti", "cnf", "client_id", "scope"};
constexpr std::size_t kMostDepth = 16;

// Names what is wrong; empty: nothing.
std::string fault_of_names(const std::string& json) {
  Poco::JSON::Parser parser;
  parser.setDepth(kMostDepth);
  const auto object = parser.parse(json).extract<Poco::JSON::Object::Ptr>();
  for (const std::string& name : object->getNames())
    if (std::find(kOfTheHost.begin(), kOfTheHost.end(), name) != kOfTheHost.end())
      return "has " + name + ", which is the host's";
  return {};
}

} // namespace

Result<std::string, std::string> further_claims(std::string_view object) {
  if (object.empty()) return std::string();
  if (!is_utf8(object)) return Failure<std::string>("is not UTF-8");
  const auto canonical = plugin::canonical_json(object);
  if (!canonical) return Failure<std::string>("is no JSON object: " + canonical.error());
  try {
    if (std::string fault = fault_of_names(*canonical); !fault.empty()) return Failure<std::string>(std::move(fault));
  } catch (const std::exception&) {
    return Failure<std::string>("is no JSON object of at most 16 levels");
  }
  const std::string members = canonical->substr(1, canonical->size() - 2);
  return members.empty() ? members : ',' + members;
}

} // namespace authd::modules
