// SPDX-License-Identifier: Apache-2.0
#include "kong-admin/credentials.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/JSONString.h>
#include <Poco/String.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "kong-admin/admin_client.h"

namespace authd::kong_admin {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;
using sdk::Call;
using sdk::Result;
using sdk::Status;

constexpr std::size_t kDeepest = 16;   // Kong's answers need four levels
constexpr std::size_t kMostPages = 20; // of at least 100 credentials each; the host takes 1,024

// A credential that cannot be used; what() says why.
struct Unusable : std::runtime_error {
  using runtime_error::runtime_error;
};

void wipe_texts(const Object& object);

// extract() is of what the tree itself has, while a copy of a Var would be another secret to wipe.
void wipe_text(const Var& value) {
  if (value.type() == typeid(std::string)) wipe(const_cast<std::string&>(value.extract<std::string>()));
  if (value.type() == typeid(Object::Ptr)) wipe_texts(*value.extract<Object::Ptr>());
  if (value.type() != typeid(Array::Ptr)) return;
  for (const Var& element : *value.extract<Array::Ptr>()) wipe_text(element);
}

void wipe_texts(const Object& object) {
  for (const auto& [name, value] : object) wipe_text(value);
}

// One JSON object, whose texts are overwritten at its end: secrets are among them.
class Parsed {
 public:
  explicit Parsed(std::string_view body) {
    std::string text(body);
    try {
      Poco::JSON::Parser parser;
      parser.setDepth(kDeepest);
      const Var value = parser.parse(text);
      if (value.type() == typeid(Object::Ptr)) object_ = value.extract<Object::Ptr>();
    } catch (const std::exception&) {
      object_ = nullptr;
    }
    wipe(text);
  }
  ~Parsed() {
    if (!object_.isNull()) wipe_texts(*object_);
  }
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;

  bool isNull() const { return object_.isNull(); } // the text is not one JSON object
  const Object& operator*() const { return *object_; }
  const Object* operator->() const { return object_.get(); }

 private:
  Object::Ptr object_;
};

// Absent and null are the same: Konnect's credentials may have null in every field.
std::optional<std::string> text_of(const Object& object, const char* name) {
  const auto at = std::find_if(object.begin(), object.end(), [&](const auto& member) { return member.first == name; });
  if (at == object.end() || at->second.isEmpty()) return std::nullopt;
  if (!at->second.isString()) throw Unusable(std::string(name) + " is not a string");
  return at->second.template extract<std::string>();
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
  Secret secret(text_of(object, "secret").value_or(""));
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
    page.skipped.push_back("element " + std::to_string(i) + " of Kong's list is skipped: " + why.what());
  }
}

} // namespace

std::optional<CredentialPage> parse_credential_page(std::string_view body) {
  const Parsed answer(body);
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
  const Parsed answer(body);
  if (answer.isNull()) return std::nullopt;
  try {
    return credential_of(*answer);
  } catch (const Unusable&) {
    return std::nullopt;
  }
}

std::optional<std::string> parse_consumer_id(std::string_view body) {
  const Parsed answer(body);
  if (answer.isNull()) return std::nullopt;
  try {
    auto id = text_of(*answer, "id");
    return id && is_uuid(*id) ? id : std::nullopt;
  } catch (const Unusable&) {
    return std::nullopt;
  }
}

std::optional<bool> parse_database_reachable(std::string_view body) {
  const Parsed answer(body);
  if (answer.isNull() || answer->getObject("server").isNull()) return std::nullopt;
  if (!answer->has("database")) return true;
  const Object::Ptr database = answer->getObject("database");
  if (database.isNull()) return std::nullopt;
  const Var reachable = database->get("reachable");
  return reachable.isBoolean() ? std::optional(reachable.extract<bool>()) : std::nullopt;
}

std::optional<KongError> parse_error(std::string_view body) {
  const Parsed answer(body);
  if (answer.isNull()) return std::nullopt;
  try {
    return KongError{text_of(*answer, "message").value_or(""), static_cast<int>(number_of(*answer, "code")),
                     text_of(*answer, "instance").value_or("")};
  } catch (const Unusable&) {
    return std::nullopt;
  }
}

bool is_list(std::string_view body) {
  const Parsed answer(body);
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

Secret create_body(std::string_view key, std::string_view secret, std::string_view algorithm,
                   const std::vector<std::string>& tags) {
  std::string listed;
  for (const std::string& tag : tags) listed += (listed.empty() ? ",\"tags\":[" : ",") + quoted(tag);
  if (!tags.empty()) listed += ']';
  return Secret("{\"key\":" + quoted(key) + ",\"secret\":" + quoted(secret) + ",\"algorithm\":" + quoted(algorithm) +
                listed + "}");
}

Result<std::vector<StoredCredential>> read_pages(Call& call, std::string first_query, const PageReader& read) {
  std::vector<StoredCredential> all;
  std::vector<std::string> queries{std::move(first_query)};
  while (queries.size() <= kMostPages) {
    auto page = read(queries.back());
    if (!page) return page.status();
    std::move(page->credentials.begin(), page->credentials.end(), std::back_inserter(all));
    if (page->next_query.empty()) return all;
    if (std::find(queries.begin(), queries.end(), page->next_query) != queries.end())
      return call.fail(Status::corrupt, "Kong's list of credentials links back to a page that was read before");
    queries.push_back(std::move(page->next_query));
  }
  return call.fail(Status::corrupt, "this consumer has more than " + std::to_string(kMostPages) +
                                        " pages of credentials; delete old ones");
}

Result<CredentialPage> take_page(Call& call, sdk::HttpResponse& answer) {
  auto page = parse_credential_page(answer.body);
  wipe(answer.body);
  if (!page) return call.fail(Status::corrupt, "Kong's answer is not a list of credentials", 200);
  for (const std::string& why : page->skipped) call.log(sdk::Level::warn, "credential-skipped", why);
  return std::move(*page);
}

Result<std::string> query_of_link(Call& call, const std::string& link) {
  const auto query = link.find('?');
  if (!link.starts_with('/') || query == std::string::npos || !is_visible(link) || link.find('#') != std::string::npos)
    return call.fail(Status::corrupt, "Kong's link to the next page is not a path with a query", 200);
  return link.substr(query);
}

Status put(const StoredCredential& c, sdk::CredentialSink& out) {
  return out.put(
      {.id = c.id, .key = c.key, .algorithm = c.algorithm, .secret = c.secret.reveal(), .created_at = c.created_at});
}

Status put_all(const std::vector<StoredCredential>& credentials, sdk::CredentialSink& out) {
  for (const StoredCredential& c : credentials)
    if (const Status status = put(c, out); status != Status::ok) return status;
  return Status::ok;
}

} // namespace authd::kong_admin
