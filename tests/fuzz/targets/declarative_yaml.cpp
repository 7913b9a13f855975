// SPDX-License-Identifier: Apache-2.0
// The input is a declarative file of Kong's, YAML or JSON. Required: what is refused has its line and shows no secret;
// what is accepted has complete credentials, is found by its names, and is the same when it is written as JSON.
#include <algorithm>

#include <Poco/JSONString.h>

#include "consumer_index.h"
#include "declarative_parser.h"
#include "fuzz_target.h"

namespace authd::fuzz {
namespace {

using namespace kong_declarative;

// A reference leads to it.
constexpr std::string_view kPlanted = "planted-1c5b02f0";

std::optional<std::string> variable(const std::string& name) {
  if (name == "DECK_SECRET") return std::string(kPlanted);
  if (name == "DECK_NAME") return "named: \"by\" #reference";
  return std::nullopt;
}

std::string quoted(const std::string& text) { return Poco::toJSON(text, Poco::JSON_WRAP_STRINGS); }

bool is_hmac(const Credential& c) { return c.algorithm == "HS256" || c.algorithm == "HS384" || c.algorithm == "HS512"; }

void require_index(const ConsumerIndex& index) {
  std::size_t credentials = 0;
  for (std::size_t i = 0; i < index.consumers(); ++i) {
    const Consumer& consumer = index.at(i);
    if (!consumer.id.empty()) require(index.find(consumer.id) == i, "a consumer is found by its id");
    if (!consumer.username.empty() && !is_uuid(consumer.username))
      require(index.find(consumer.username) == i, "a consumer is found by its name");
    credentials += consumer.credentials.size();
    for (const Credential& c : consumer.credentials)
      require(!c.key.empty() && !c.id.empty() && c.secret.empty() != is_hmac(c), "a credential is complete");
  }
  require(credentials == index.credentials(), "every credential is a consumer's");
}

std::string written(const ConsumerIndex& index) {
  std::string text = "{\"_format_version\":\"3.0\",\"consumers\":[";
  for (std::size_t i = 0; i < index.consumers(); ++i) {
    const Consumer& consumer = index.at(i);
    text += i == 0 ? "{\"custom_id\":\"c\"" : ",{\"custom_id\":\"c\"";
    if (!consumer.id.empty()) text += ",\"id\":" + quoted(consumer.id);
    if (!consumer.username.empty()) text += ",\"username\":" + quoted(consumer.username);
    text += ",\"jwt_secrets\":[";
    for (const Credential& c : consumer.credentials) {
      text += text.ends_with('[') ? "{" : ",{";
      text += "\"id\":" + quoted(c.id) + ",\"key\":" + quoted(c.key) + ",\"algorithm\":" + quoted(c.algorithm);
      if (!c.secret.empty()) text += ",\"secret\":" + quoted(c.secret);
      text += ",\"created_at\":" + std::to_string(c.created_at) + "}";
    }
    text += "]}";
  }
  return text + "]}";
}

void require_same_when_written(const ConsumerIndex& index) {
  const std::string text = written(index);
  if (text.find("${{") != std::string::npos) return; // it would be a reference
  const auto again = parse(text, variable);
  const auto* parsed = std::get_if<Parsed>(&again);
  require(parsed != nullptr, "what is accepted is accepted when it is written as JSON");
  require(parsed->index.consumers() == index.consumers() && parsed->index.credentials() == index.credentials(),
          "there are as many consumers and credentials when they are written as JSON");
  require(changed_names(index, parsed->index).empty(), "nobody changes when they are written as JSON");
}

} // namespace

void declarative_yaml(Bytes input) {
  const std::string_view text = as_text(input);
  const auto result = parse(text, variable);
  if (const auto* problems = std::get_if<std::vector<Problem>>(&result)) {
    require(!problems->empty(), "a refusal has a reason");
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    const bool says_it_itself = text.find(kPlanted) != std::string_view::npos;
    for (const Problem& problem : *problems) {
      require(problem.line <= lines, "a problem stands in the file");
      require(!problem.what.empty(), "a problem says what it is");
      require(says_it_itself || problem.what.find(kPlanted) == std::string::npos, "a problem shows no secret");
    }
    return;
  }
  const auto& parsed = std::get<Parsed>(result);
  require_index(parsed.index);
  require_same_when_written(parsed.index);
}

} // namespace authd::fuzz
