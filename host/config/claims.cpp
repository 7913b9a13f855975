// SPDX-License-Identifier: Apache-2.0
#include "config/claims.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/field_syntax.h"
#include "base/json_writer.h"
#include "config/checker.h"
#include "config/host_rules.h"
#include "config/printing.h"
#include "config/references.h"

namespace authd::config {
namespace {

constexpr std::string_view kPath = "jwt.claims";
constexpr std::string_view kOpening = "${header:";
constexpr std::string_view kAdvice = "write \"${header:NAME}\" and nothing else";

// Beside the key claim, whose name is a setting. A token has them already.
constexpr std::array<std::string_view, 9> kReserved{"sub", "jti", "iat",  "nbf",        "exp",
                                                    "iss", "aud", "name", "unique_name"};

// What authenticates the client must not be readable in a token. Without their hyphens: a server that takes "_" for "-"
// would read the same header. x-api-key is what sites that do not like Kong's default call theirs.
constexpr std::array<std::string_view, 8> kCredentials{
    "authorization", "proxyauthorization", "xauthorization", "cookie", "cookie2", "apikey",
    "xapikey",       "kongadmintoken"};

// key-auth overwrites or clears these: spec/kong.md.
constexpr std::array<std::string_view, 5> kVouched{"X-Consumer-ID", "X-Consumer-Username", "X-Consumer-Custom-ID",
                                                   "X-Credential-Identifier", "X-Anonymous-Consumer"};

bool carries_credentials(std::string_view header) {
  std::string plain;
  for (const char c : header) {
    if (c != '-' && c != '_') plain += ascii_lower(c);
  }
  return std::find(kCredentials.begin(), kCredentials.end(), plain) != kCredentials.end();
}

bool is_vouched(std::string_view header) {
  return std::any_of(kVouched.begin(), kVouched.end(),
                     [&](std::string_view name) { return equals_ignoring_case(name, header); });
}

// What stands between "${header:" and "}", if there is nothing else; it may be no header's name.
std::string_view between_marks(std::string_view text) {
  if (!text.starts_with(kOpening) || text.find('}') != text.size() - 1) return {};
  return text.substr(kOpening.size(), text.size() - kOpening.size() - 1);
}

// The reference that makes the claim: the value itself, or the only entry of its array. Null: it is a constant.
const Node* reference_of(const Node& value) {
  const bool is_array = value.kind == Node::Kind::array;
  if (is_array && value.items.size() != 1) return nullptr;
  const Node& text = is_array ? value.items.front() : value;
  return refers_to_header(text) ? &text : nullptr;
}

void write_constant(JsonWriter& json, const Node& value) {
  switch (value.kind) {
  case Node::Kind::boolean:
    json.value(value.integer != 0);
    break;
  case Node::Kind::integer:
    json.value(value.integer);
    break;
  case Node::Kind::number:
    json.value(value.number);
    break;
  case Node::Kind::array:
    json.begin_array();
    for (const Node& item : value.items) json.value(item.text.reveal());
    json.end_array();
    break;
  default:
    json.value(value.text.reveal());
  }
}

Claim claim_of(const Member& member) {
  Claim claim;
  claim.name = member.name;
  if (const Node* reference = reference_of(member.value)) {
    claim.header = between_marks(reference->text.reveal());
    claim.is_list = member.value.kind == Node::Kind::array;
    return claim;
  }
  JsonWriter json(claim.json);
  write_constant(json, member.value);
  return claim;
}

// Shorter than this a text is no secret that a claim could not hold by chance.
constexpr std::size_t kShortestSecret = 8;

void collect_secrets(const Node& node, const Shape& shape, std::vector<std::string_view>& secrets) {
  if (node.kind == Node::Kind::string && shape.secret && node.text.reveal().size() >= kShortestSecret)
    secrets.push_back(node.text.reveal());
  for (const Node& item : node.items) {
    if (!shape.items.empty()) collect_secrets(item, shape.items.front(), secrets);
  }
  for (const Property& p : shape.properties) {
    if (const Node* value = node.find(p.name)) collect_secrets(*value, p.shape, secrets);
  }
}

std::vector<std::string_view> secrets_of(const std::vector<Section>& sections) {
  std::vector<std::string_view> secrets;
  for (const Section& s : sections) collect_secrets(s.node, s.shape, secrets);
  return secrets;
}

class ClaimRules {
 public:
  ClaimRules(std::string_view key_claim, std::vector<std::string_view> secrets, Problems& problems)
      : key_claim_(key_claim), secrets_(std::move(secrets)), problems_(problems) {}

  void check(const Node& table) {
    for (const Member& claim : table.members) {
      check_name(claim);
      check_value(claim.value, child_path(std::string(kPath), claim.name));
    }
    check_size(table);
  }

 private:
  void check_name(const Member& claim) {
    const std::string& name = claim.name;
    const auto refuse = [&](std::string_view why) {
      problems_.add(claim.key, child_path(std::string(kPath), name), why);
    };
    if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end())
      return refuse("authd sets this claim itself; choose another name");
    if (name == key_claim_)
      return refuse("this claim carries the credential's key (jwt.key_claim_name); choose another name");
    if (name.empty()) return refuse("a claim needs a name");
    if (name.size() > kMostClaimNameBytes)
      return refuse(fmt::format("the name is {} bytes long; at most {} are allowed", name.size(), kMostClaimNameBytes));
    if (has_control_characters(name)) return refuse("the name has control characters");
  }

  void check_value(const Node& value, const std::string& path) {
    if (value.kind == Node::Kind::string) return check_text(value, path);
    if (value.kind != Node::Kind::array) return;
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const std::string item = fmt::format("{}[{}]", path, i);
      if (value.items.size() > 1 && refers_to_header(value.items[i])) {
        problems_.add(value.items[i].origin, item,
                      "a reference to a header must be the only entry of its array; write a claim for each header");
      } else {
        check_text(value.items[i], item);
      }
    }
  }

  void check_text(const Node& text, const std::string& path) {
    if (text.kind != Node::Kind::string) return;
    if (refers_to_header(text)) return check_reference(text, path);
    // TOML is UTF-8, but a variable or a file that it refers to need not be.
    const std::string_view value = text.text.reveal();
    if (!is_utf8(value)) problems_.add(text.origin, path, "the value is not valid UTF-8");
    const auto is_within = [&](std::string_view secret) { return value.find(secret) != std::string_view::npos; };
    if (std::any_of(secrets_.begin(), secrets_.end(), is_within))
      problems_.add(text.origin, path,
                    "a secret of this configuration is never put into a token, which others can read");
  }

  void check_reference(const Node& reference, const std::string& path) {
    const std::string_view text = reference.text.reveal();
    const std::string_view header = between_marks(text);
    const auto refuse = [&](std::string_view why) {
      problems_.add(reference.origin, path, fmt::format("{} {}", in_quotes(header.empty() ? text : header), why));
    };
    if (header.empty()) return refuse(fmt::format("is no reference to a header; {}", kAdvice));
    if (!is_token(header)) return refuse("is not the name of a header");
    if (carries_credentials(header))
      refuse("authenticates the client, so it is never put into a token, which others can read");
  }

  void check_size(const Node& table) {
    std::size_t size = 0;
    for (const Claim& claim : claims_of(table)) {
      std::string name;
      append_json_string(name, claim.name);
      size += name.size() + claim.json.size() + 2; // and what stands before and between them
    }
    if (size <= kMostConstantClaimBytes) return;
    problems_.add(
        table.origin, kPath,
        fmt::format(
            "the names and the constants are {} bytes long as JSON; at most {} are allowed, because Kong takes no "
            "header of more than 8 KiB",
            size, kMostConstantClaimBytes));
  }

  std::string_view key_claim_;
  std::vector<std::string_view> secrets_;
  Problems& problems_;
};

} // namespace

bool refers_to_header(const Node& text) {
  return text.kind == Node::Kind::string && !text.withheld &&
         text.text.reveal().find(kOpening) != std::string_view::npos;
}

std::string unfit_reference(std::string_view text) {
  if (!is_whole_reference(text)) return {};
  const std::string_view scheme = text.substr(2, text.find(':') - 2);
  if (scheme == "env" || scheme == "file") return {};
  if (scheme == "credential") return "a credential is never put into a token, which others can read";
  return fmt::format("unknown reference ${{{}:...}}; known in a claim: ${{header:NAME}}, ${{env:NAME}}, "
                     "${{file:/path}}",
                     scheme);
}

std::vector<Claim> claims_of(const Node& table) {
  std::vector<Claim> claims;
  for (const Member& member : table.members) claims.push_back(claim_of(member));
  return claims;
}

std::vector<HeaderClaim> header_claims_of(const Node& jwt) {
  std::vector<HeaderClaim> claims;
  const Node* table = jwt.find("claims");
  if (table == nullptr) return claims;
  for (const Member& member : table->members) {
    const Node* reference = reference_of(member.value);
    if (reference == nullptr) continue;
    const std::string header(between_marks(reference->text.reveal()));
    if (is_token(header) && !carries_credentials(header)) claims.push_back({member.name, reference->origin, header});
  }
  return claims;
}

std::vector<HeaderClaim> unvouched_claims_of(const Node& jwt) {
  std::vector<HeaderClaim> claims = header_claims_of(jwt);
  std::erase_if(claims, [](const HeaderClaim& claim) { return is_vouched(claim.header); });
  return claims;
}

std::string why_unvouched(const HeaderClaim& claim) {
  return fmt::format("Kong passes {} on as the client sent it, unless a plugin sets or removes it (docs/kong.md)",
                     claim.header);
}

std::string waiver_of(const HeaderClaim& claim) { return fmt::format("{}.{}", kPath, claim.name); }

void check_claims(const std::vector<Section>& sections, const Config& config, Problems& problems) {
  const Node* table = value_at(sections, "jwt", "claims");
  if (table == nullptr || table->kind != Node::Kind::table) return;
  ClaimRules(config.jwt.key_claim_name, secrets_of(sections), problems).check(*table);
  if (config.environment == Environment::production) return;
  const auto jwt = std::find_if(sections.begin(), sections.end(), [](const Section& s) { return s.path == "jwt"; });
  for (const HeaderClaim& claim : unvouched_claims_of(jwt->node))
    problems.warn(claim.origin, child_path(std::string(kPath), claim.name), why_unvouched(claim));
}

} // namespace authd::config
