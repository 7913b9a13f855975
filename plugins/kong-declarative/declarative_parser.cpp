// SPDX-License-Identifier: Apache-2.0
#include "declarative_parser.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <unordered_map>

#include "yaml_members.h"

namespace authd::kong_declarative {
namespace {

// --- JSON is YAML except for one thing that matters here: it writes characters beyond U+FFFF as two \u escapes
// (RFC 8259, section 7), which YAML refuses.

// The value of \uXXXX at the beginning of `text`.
std::optional<std::uint32_t> escape_of(std::string_view text) {
  if (text.size() < 6 || !text.starts_with("\\u")) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + 6, value, 16);
  return error == std::errc() && end == text.data() + 6 ? std::optional(value) : std::nullopt;
}

// The character of a surrogate pair at the beginning of `text`.
std::optional<std::uint32_t> pair_of(std::string_view text) {
  const auto high = escape_of(text);
  if (!high || *high < 0xd800 || *high > 0xdbff) return std::nullopt;
  const auto low = escape_of(text.substr(6));
  if (!low || *low < 0xdc00 || *low > 0xdfff) return std::nullopt;
  return 0x10000 + ((*high - 0xd800) << 10) + (*low - 0xdc00);
}

bool is_json(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && text[begin] == '{';
}

// A text that begins with "{" is JSON: its surrogate pairs become \U escapes of YAML. Any other text is
// returned as it is, and lines never change.
std::string with_yaml_escapes(std::string_view text) {
  if (!is_json(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto plain = text.substr(0, text.find('\\'));
    out += plain;
    text.remove_prefix(plain.size());
    if (const auto character = pair_of(text)) {
      char escape[11];
      std::snprintf(escape, sizeof escape, "\\U%08x", *character);
      out += escape;
      text.remove_prefix(12);
    } else {
      out += text.substr(0, 2); // an escaped backslash is not the beginning of the next escape
      text.remove_prefix(std::min<std::size_t>(text.size(), 2));
    }
  }
  return out;
}

// --- the file

constexpr std::array<std::string_view, 3> kVersions = {"1.1", "2.1", "3.0"};
constexpr std::array<std::string_view, 3> kHmac = {"HS256", "HS384", "HS512"};
constexpr std::array<std::string_view, 10> kAsymmetric = {"RS256", "RS384", "RS512", "ES256", "ES384",
                                                          "ES512", "PS256", "PS384", "PS512", "EdDSA"};

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string at_line(std::size_t line) { return " (line " + std::to_string(line) + ")"; }

class Reader {
 public:
  Reader(const EnvReferences& references, const Environment& environment) : yaml_(references, environment) {}

  std::variant<Parsed, std::vector<Problem>> read(const YAML::Node& root) {
    if (yaml_.is_mapping(root, "a declarative file")) {
      read_version(root);
      for (const YAML::Node& consumer : yaml_.list(root, "consumers")) read_consumer(consumer);
      for (const YAML::Node& credential : yaml_.list(root, "jwt_secrets")) read_top_level(credential);
    }
    auto problems = yaml_.take_problems();
    if (!problems.empty()) return problems;
    return Parsed{std::move(index_), {}};
  }

 private:
  using Text = YamlMembers::Text;
  using FirstLine = std::unordered_map<std::string, std::size_t>;

  void read_version(const YAML::Node& root) {
    const Text version = yaml_.text(root, "_format_version");
    if (version.state == Text::absent)
      yaml_.problem(root, "there is no \"_format_version\"; is this a declarative file of Kong?");
    else if (version.given() && !is_one_of(kVersions, version.value))
      yaml_.problem(root, "\"_format_version\" must be \"1.1\", \"2.1\" or \"3.0\"");
  }

  void read_consumer(const YAML::Node& node) {
    if (!yaml_.is_mapping(node, "a consumer")) return;
    const Text id = yaml_.text(node, "id");
    const Text username = yaml_.text(node, "username");
    if (username.state == Text::absent && yaml_.text(node, "custom_id").state == Text::absent)
      yaml_.problem(node, "a consumer needs a \"username\" or \"custom_id\"");
    if (id.given() && !is_uuid(id.value)) yaml_.problem(node, "a consumer's \"id\" must be a UUID");
    Consumer consumer{id.value, username.value, {}};
    if (id.state == Text::absent && username.given()) consumer.id = derived_id("consumers", username.value);
    const auto number = add(node, std::move(consumer), username, id);
    for (const YAML::Node& credential : yaml_.list(node, "jwt_secrets")) read_credential(credential, number);
  }

  // Nothing when another consumer is in its place.
  std::optional<std::size_t> add(const YAML::Node& node, Consumer consumer, const Text& username, const Text& id) {
    const Text id_or_derived{Text::present, lower(consumer.id), id.filled_in};
    const bool is_new = (consumer.username.empty() || is_first(node, usernames_, username, "username")) &&
                        (consumer.id.empty() || is_first(node, consumer_ids_, id_or_derived, "consumer id"));
    return is_new ? std::optional(index_.add(std::move(consumer))) : std::nullopt;
  }

  void read_top_level(const YAML::Node& node) {
    if (!yaml_.is_mapping(node, "a jwt_secret")) return;
    std::optional<std::size_t> number;
    const Text name = consumer_reference(node);
    if (name.state == Text::absent)
      yaml_.problem(node, "a jwt_secret at top level needs a \"consumer\"");
    else if (name.given() && !(number = index_.find_reference(name.value)))
      yaml_.problem(node, "there is no consumer " + name.shown());
    read_credential(node, number);
  }

  // Kong takes a name or id; dumps of decK have a mapping with one of the two.
  Text consumer_reference(const YAML::Node& node) {
    const YAML::Node consumer = yaml_.find(node, "consumer");
    if (!consumer.IsDefined()) return {};
    if (!consumer.IsMap()) return yaml_.scalar(consumer, "consumer");
    const Text id = yaml_.text(consumer, "id");
    return id.state != Text::absent ? id : yaml_.text(consumer, "username");
  }

  void read_credential(const YAML::Node& node, std::optional<std::size_t> consumer) {
    if (!yaml_.is_mapping(node, "a jwt_secret")) return;
    Credential c;
    const Text key = yaml_.text(node, "key");
    c.key = key.value;
    if (key.state == Text::absent)
      yaml_.problem(node, "a jwt_secret has no \"key\": Kong would generate one that only it knows");
    const bool new_key = key.given() && is_first(node, keys_, key, "key");
    c.algorithm = algorithm_of(node);
    c.secret = secret_of(node, c.algorithm);
    c.id = credential_id(node, c.key);
    c.created_at = yaml_.integer(node, "created_at");
    if (consumer && new_key) index_.add_credential(*consumer, std::move(c));
  }

  std::string algorithm_of(const YAML::Node& node) {
    const Text algorithm = yaml_.text(node, "algorithm");
    if (!algorithm.given()) return "HS256";
    if (!is_one_of(kHmac, algorithm.value) && !is_one_of(kAsymmetric, algorithm.value))
      yaml_.problem(node, algorithm.shown() + " is not an \"algorithm\" that Kong supports");
    return algorithm.value;
  }

  std::string secret_of(const YAML::Node& node, const std::string& algorithm) {
    if (!is_one_of(kHmac, algorithm)) return {};
    Text secret = yaml_.text(node, "secret");
    if (secret.state == Text::absent)
      yaml_.problem(node, "a jwt_secret has no \"secret\": Kong would generate one that only it knows");
    return std::move(secret.value);
  }

  std::string credential_id(const YAML::Node& node, const std::string& key) {
    const Text id = yaml_.text(node, "id");
    if (id.state == Text::absent) return derived_id("jwt_secrets", key);
    if (id.given() && !is_uuid(id.value)) yaml_.problem(node, "a jwt_secret's \"id\" must be a UUID");
    if (id.given()) is_first(node, credential_ids_, {Text::present, lower(id.value), id.filled_in}, "jwt_secret id");
    return id.value;
  }

  // Whether this name is not used yet; a second one is a problem.
  bool is_first(const YAML::Node& node, FirstLine& seen, const Text& name, const char* what) {
    const auto [first, added] = seen.emplace(name.value, line_of(node));
    if (!added)
      yaml_.problem(node,
                    std::string("the ") + what + " " + name.shown() + " is already used" + at_line(first->second));
    return added;
  }

  YamlMembers yaml_;
  ConsumerIndex index_;
  FirstLine usernames_, consumer_ids_, keys_, credential_ids_;
};

// yaml-cpp ends some messages with a piece of the text, which may be a secret.
std::string without_quotation(const std::string& message) { return message.substr(0, message.find(": ")); }

} // namespace

std::variant<Parsed, std::vector<Problem>> parse(std::string_view text, const Environment& environment) {
  try {
    const EnvReferences references(with_yaml_escapes(text));
    auto result = Reader(references, environment).read(YAML::Load(references.masked_text()));
    if (auto* parsed = std::get_if<Parsed>(&result)) parsed->reference_lines = references.lines();
    return result;
  } catch (const BadReference& why) {
    return std::vector{Problem{0, why.what()}};
  } catch (const YAML::Exception& e) {
    const std::size_t line = e.mark.is_null() ? 0 : static_cast<std::size_t>(e.mark.line) + 1;
    return std::vector{Problem{line, without_quotation(e.msg)}};
  }
}

} // namespace authd::kong_declarative
