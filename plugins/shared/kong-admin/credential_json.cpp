// SPDX-License-Identifier: Apache-2.0
#include "credential_json.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/JSONString.h>
#include <Poco/String.h>

#include <algorithm>
#include <stdexcept>

namespace authd::kong {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::size_t kDeepest = 16; // Kong's answers need four levels

// A credential that cannot be used; what() says why.
struct Unusable : std::runtime_error {
  using runtime_error::runtime_error;
};

// NULL when the text is not one JSON object.
Object::Ptr parse_object(std::string_view body) {
  try {
    Poco::JSON::Parser parser;
    parser.setDepth(kDeepest);
    const Var value = parser.parse(std::string(body));
    return value.type() == typeid(Object::Ptr) ? value.extract<Object::Ptr>() : nullptr;
  } catch (const std::exception&) {
    return nullptr;
  }
}

// Absent and null are the same: Konnect's credentials may have null in every field.
std::optional<std::string> text_of(const Object& object, const char* name) {
  const Var value = object.get(name);
  if (value.isEmpty()) return std::nullopt;
  if (!value.isString()) throw Unusable(std::string(name) + " is not a string");
  return value.extract<std::string>();
}

std::int64_t number_of(const Object& object, const char* name) {
  const Var value = object.get(name);
  if (value.isEmpty()) return 0;
  if (!value.isNumeric() || value.isBoolean()) throw Unusable(std::string(name) + " is not a number");
  try {
    return value.convert<Poco::Int64>();
  } catch (const Poco::Exception&) {
    throw Unusable(std::string(name) + " is out of range");
  }
}

StoredCredential credential_of(const Object& object) {
  StoredCredential c;
  c.id = text_of(object, "id").value_or("");
  c.key = text_of(object, "key").value_or("");
  c.algorithm = text_of(object, "algorithm").value_or("HS256");
  c.created_at = number_of(object, "created_at");
  SecretText secret(text_of(object, "secret").value_or(""));
  if (c.key.empty()) throw Unusable("it has no key");
  if (!is_hmac(c.algorithm)) return c;
  if (secret.reveal().empty()) throw Unusable("it has no secret");
  c.secret = std::move(secret);
  return c;
}

void add_credential(CredentialPage& page, const Array& data, unsigned i) {
  const Object::Ptr object = data.getObject(i);
  try {
    if (object.isNull()) throw Unusable("it is not an object");
    page.credentials.push_back(credential_of(*object));
  } catch (const Unusable& why) {
    page.skipped.push_back("element " + std::to_string(i) + " of Kong's list is left out: " + why.what());
  }
}

} // namespace

std::optional<CredentialPage> parse_credential_page(std::string_view body) {
  const Object::Ptr answer = parse_object(body);
  const Array::Ptr data = answer.isNull() ? nullptr : answer->getArray("data");
  if (data.isNull()) return std::nullopt;
  CredentialPage page;
  try {
    page.next = text_of(*answer, "next");
    page.offset = text_of(*answer, "offset");
    page.says_last = answer->has("next") && !page.next;
  } catch (const Unusable&) {
    return std::nullopt;
  }
  for (unsigned i = 0; i < data->size(); ++i) add_credential(page, *data, i);
  return page;
}

std::optional<StoredCredential> parse_credential(std::string_view body) {
  const Object::Ptr answer = parse_object(body);
  if (answer.isNull()) return std::nullopt;
  try {
    return credential_of(*answer);
  } catch (const Unusable&) {
    return std::nullopt;
  }
}

std::optional<std::string> parse_consumer_id(std::string_view body) {
  const Object::Ptr answer = parse_object(body);
  if (answer.isNull()) return std::nullopt;
  try {
    auto id = text_of(*answer, "id");
    return id && is_uuid(*id) ? id : std::nullopt;
  } catch (const Unusable&) {
    return std::nullopt;
  }
}

std::optional<bool> parse_database_reachable(std::string_view body) {
  const Object::Ptr answer = parse_object(body);
  if (answer.isNull() || answer->getObject("server").isNull()) return std::nullopt;
  if (!answer->has("database")) return true;
  const Object::Ptr database = answer->getObject("database");
  if (database.isNull()) return std::nullopt;
  const Var reachable = database->get("reachable");
  return reachable.isBoolean() ? std::optional(reachable.extract<bool>()) : std::nullopt;
}

std::optional<KongError> parse_error(std::string_view body) {
  const Object::Ptr answer = parse_object(body);
  if (answer.isNull()) return std::nullopt;
  try {
    return KongError{text_of(*answer, "message").value_or(""), static_cast<int>(number_of(*answer, "code")),
                     text_of(*answer, "instance").value_or("")};
  } catch (const Unusable&) {
    return std::nullopt;
  }
}

bool is_list(std::string_view body) {
  const Object::Ptr answer = parse_object(body);
  return !answer.isNull() && !answer->getArray("data").isNull();
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return text.size() == kShape.size() && std::equal(text.begin(), text.end(), kShape.begin(), [](char c, char shape) {
           return shape == '-' ? c == '-'
                               : std::string_view("0123456789abcdefABCDEF").find(c) != std::string_view::npos;
         });
}

bool is_hmac(std::string_view algorithm) {
  return algorithm == "HS256" || algorithm == "HS384" || algorithm == "HS512";
}

std::string quoted(std::string_view text) {
  return Poco::toJSON(std::string(text), Poco::JSON_WRAP_STRINGS | Poco::JSON_ESCAPE_UNICODE);
}

SecretText create_body(std::string_view key, std::string_view secret, std::string_view algorithm,
                       const std::vector<std::string>& tags) {
  std::string listed;
  for (const std::string& tag : tags) listed += (listed.empty() ? ",\"tags\":[" : ",") + quoted(tag);
  if (!tags.empty()) listed += ']';
  return SecretText("{\"key\":" + quoted(key) + ",\"secret\":" + quoted(secret) +
                    ",\"algorithm\":" + quoted(algorithm) + listed + "}");
}

} // namespace authd::kong
