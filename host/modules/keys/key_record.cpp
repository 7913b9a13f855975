// SPDX-License-Identifier: Apache-2.0
#include "modules/keys/key_record.h"

#include <array>

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "base/base64url.h"
#include "base/json_writer.h"

namespace authd::modules::keys {
namespace {

constexpr int kVersion = 1;
constexpr std::array<State, 4> kStates = {State::next, State::active, State::retained, State::gone};

using Object = Poco::JSON::Object::Ptr;

// Null: no object of this version.
Object parse(const std::string& body) {
  Poco::JSON::Parser parser;
  const Object object = parser.parse(body).extract<Object>();
  return object && object->getValue<int>("v") == kVersion ? object : Object();
}

State state_of(const std::string& name) {
  for (const State state : kStates)
    if (name == name_of(state)) return state;
  throw Poco::NotFoundException(name);
}

Key key_of(const Object& body, const Record& record) {
  Key key;
  key.kid = record.id;
  key.version = record.version;
  key.algorithm = body->getValue<std::string>("alg");
  key.signer_id = body->getValue<std::string>("key");
  key.state = state_of(body->getValue<std::string>("state"));
  key.since_ms = body->getValue<std::int64_t>("since");
  key.created_ms = body->getValue<std::int64_t>("created");
  key.emergency = body->optValue("emergency", false);
  if (!decode_base64url(body->getValue<std::string>("spki"), key.public_key)) throw Poco::DataFormatException("spki");
  return key;
}

} // namespace

std::string_view name_of(State state) {
  switch (state) {
  case State::next:
    return "next";
  case State::active:
    return "active";
  case State::retained:
    return "retained";
  case State::gone:
    return "gone";
  }
  return "gone";
}

std::optional<Key> read_key(const Record& record) {
  try {
    const Object body = parse(record.body);
    if (body) return key_of(body, record);
  } catch (const Poco::Exception&) { // not JSON, or a member is missing or of another type
  }
  return std::nullopt;
}

Record to_record(const Key& key, std::int64_t expires_at_ms) {
  Record record{std::string(kKeyType), key.kid, {}, key.version, expires_at_ms, {}};
  std::string spki;
  append_base64url(spki, key.public_key);
  JsonWriter json(record.body);
  json.begin_object().member("v", kVersion).member("alg", std::string_view(key.algorithm));
  json.member("state", name_of(key.state)).member("since", key.since_ms).member("created", key.created_ms);
  json.member("key", std::string_view(key.signer_id)).member("spki", std::string_view(spki));
  if (key.emergency) json.member("emergency", true);
  json.end_object();
  if (key.state == State::next || key.state == State::active)
    record.index.push_back({"slot", key.algorithm + ' ' + std::string(name_of(key.state)), true});
  return record;
}

std::optional<Claim> read_claim(const Record& record) {
  try {
    const Object body = parse(record.body);
    if (body) return Claim{record.id, body->getValue<std::string>("holder"), record.expires_at_ms, record.version};
  } catch (const Poco::Exception&) {
  }
  return std::nullopt;
}

Record to_record(const Claim& claim) {
  Record record{std::string(kClaimType), claim.algorithm, {}, claim.version, claim.expires_at_ms, {}};
  JsonWriter json(record.body);
  json.begin_object().member("v", kVersion).member("holder", std::string_view(claim.holder)).end_object();
  return record;
}

} // namespace authd::modules::keys
