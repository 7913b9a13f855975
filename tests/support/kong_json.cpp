// SPDX-License-Identifier: Apache-2.0
#include "support/kong_json.h"

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include <Poco/Base64Decoder.h>
#include <Poco/Base64Encoder.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "base/json_writer.h"

namespace authd::test {
namespace {

// Recorded from PostgreSQL, DB-less and loopback instances (transcripts 01, 12, 13).
constexpr std::array<std::array<std::string_view, 8>, 3> kCredentialOrders{{
    {"consumer", "created_at", "key", "secret", "id", "rsa_public_key", "tags", "algorithm"},
    {"rsa_public_key", "tags", "secret", "created_at", "id", "key", "algorithm", "consumer"},
    {"key", "algorithm", "id", "tags", "rsa_public_key", "created_at", "secret", "consumer"},
}};

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string field(std::string_view name, const std::string& value) { return quoted(name) + ":" + value; }

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

std::string tags_json(const std::vector<std::string>& tags) {
  std::vector<std::string> parts;
  for (const std::string& tag : tags) parts.push_back(quoted(tag));
  return parts.empty() ? "null" : "[" + joined(parts) + "]";
}

} // namespace

std::string credential_json(const KongConsumer& consumer, const KongCredential& credential, unsigned variant) {
  const std::map<std::string_view, std::string> values{
      {"consumer", "{\"id\":" + quoted(consumer.id) + "}"},
      {"created_at", std::to_string(credential.created_at)},
      {"key", quoted(credential.key)},
      {"secret", quoted(credential.secret)},
      {"id", quoted(credential.id)},
      {"rsa_public_key", credential.rsa_public_key.empty() ? "null" : quoted(credential.rsa_public_key)},
      {"tags", tags_json(credential.tags)},
      {"algorithm", quoted(credential.algorithm)},
  };
  std::vector<std::string> fields;
  for (const std::string_view name : kCredentialOrders[variant % kCredentialOrders.size()]) {
    fields.push_back(field(name, values.at(name)));
  }
  return "{" + joined(fields) + "}";
}

std::string consumer_json(const KongConsumer& consumer) {
  const std::string time = std::to_string(consumer.created_at);
  return "{" +
         joined({field("username", quoted(consumer.username)), field("custom_id", "null"), field("tags", "null"),
                 field("created_at", time), field("updated_at", time), field("id", quoted(consumer.id))}) +
         "}";
}

std::string list_json(const std::vector<std::string>& data, std::string_view path, std::string_view offset,
                      unsigned variant) {
  const std::string array = field("data", "[" + joined(data) + "]");
  if (offset.empty()) {
    const std::string next = field("next", "null");
    return "{" + (variant % 2 == 0 ? array + "," + next : next + "," + array) + "}";
  }
  const std::string next = field("next", quoted(std::string(path) + "?offset=" + std::string(offset)));
  return "{" + joined({field("offset", quoted(offset)), array, next}) + "}";
}

std::string unique_violation_json(std::string_view key) {
  const std::string text = "UNIQUE violation detected on '{key=\"" + std::string(key) + "\"}'";
  return "{" +
         joined({field("message", quoted(text)), field("name", quoted("unique constraint violation")),
                 field("fields", "{" + field("key", quoted(key)) + "}"), field("code", "5")}) +
         "}";
}

std::string invalid_tag_json(std::size_t number, std::string_view tag) {
  const std::string text =
      "invalid tag '" + std::string(tag) + "': expected printable ascii (except `,` and `/`) or valid utf-8 sequences";
  return "{" +
         joined({field("message", quoted("schema violation (tags." + std::to_string(number) + ": " + text + ")")),
                 field("name", quoted("schema violation")), field("fields", "{\"tags\":[" + quoted(text) + "]}"),
                 field("code", "2")}) +
         "}";
}

KongCredential proposed_credential(const std::string& body) {
  const auto object = Poco::JSON::Parser().parse(body).extract<Poco::JSON::Object::Ptr>();
  KongCredential proposed;
  proposed.key = object->optValue<std::string>("key", {});
  proposed.secret = object->optValue<std::string>("secret", {});
  proposed.algorithm = object->optValue<std::string>("algorithm", "HS256");
  if (const auto tags = object->getArray("tags"); !tags.isNull()) {
    for (const auto& tag : *tags) proposed.tags.push_back(tag.convert<std::string>());
  }
  return proposed;
}

bool is_tag(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(),
                                       [](unsigned char c) { return c < ' ' || c == 0x7f || c == ',' || c == '/'; });
}

std::string status_json(std::optional<bool> database_reachable) {
  const std::string server =
      R"("server":{"connections_writing":3,"total_requests":11299,"connections_waiting":0,)"
      R"("connections_handled":1139,"connections_active":3,"connections_accepted":1139,"connections_reading":0})";
  const std::string memory =
      R"("memory":{"lua_shared_dicts":{"kong":{"allocated_slabs":"0.04 MiB","capacity":"5.00 MiB"}},)"
      R"("workers_lua_vms":[{"pid":22065,"http_allocated_gc":"52.59 MiB"}]})";
  if (!database_reachable) {
    return "{" + joined({memory, server, R"("configuration_hash":"1e6984f84ba5c99834bc8e5da790cd15")"}) + "}";
  }
  const std::string reachable = *database_reachable ? "true" : "false";
  return "{" + joined({server, R"("database":{"reachable":)" + reachable + "}", memory}) + "}";
}

std::string offset_after(std::string_view credential_id) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out, Poco::BASE64_URL_ENCODING | Poco::BASE64_NO_PADDING);
  encoder << "[\"" << credential_id << "\"]";
  encoder.close();
  return out.str();
}

std::string id_in_offset(std::string_view offset) {
  try {
    std::istringstream in{std::string(offset)};
    Poco::Base64Decoder decoder(in, Poco::BASE64_URL_ENCODING | Poco::BASE64_NO_PADDING);
    const std::string text{std::istreambuf_iterator<char>(decoder), {}};
    const bool framed = text.size() == 40 && text.starts_with("[\"") && text.ends_with("\"]");
    return framed ? text.substr(2, 36) : std::string();
  } catch (const std::exception&) {
    return {};
  }
}

} // namespace authd::test
