// SPDX-License-Identifier: Apache-2.0
// The API document as a client reads it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <Poco/JSON/Object.h>

#include "support/http_client.h"

namespace authd::test {

// One answer that the document promises: "GET /tokens 401 AUTH_001". There is one for each media type, and of problems
// one for each code that the description names; the code of others is empty.
struct PromisedAnswer {
  std::string method; // "GET"
  std::string path;
  int status = 0;
  std::string code;
  std::string media_type;
  Poco::JSON::Object::Ptr response; // the Response Object

  std::string text() const;
};

class ApiDocument {
 public:
  // Throws Poco::Exception when it is not one.
  explicit ApiDocument(const std::string& json);

  std::vector<PromisedAnswer> answers() const; // but "default"
  // What in the answer is not as promised, one line each: media type, fields, members of the body.
  std::vector<std::string> differences(const PromisedAnswer& promised, const HttpReply& reply) const;

 private:
  Poco::JSON::Object::Ptr resolved(Poco::JSON::Object::Ptr object) const; // what its $ref means, else itself
  void compare(const Poco::Dynamic::Var& value, Poco::JSON::Object::Ptr schema, const std::string& where,
               std::vector<std::string>& differences) const;
  void compare_object(const Poco::JSON::Object& value, const Poco::JSON::Object& schema, const std::string& where,
                      std::vector<std::string>& differences) const;

  Poco::JSON::Object::Ptr document_;
};

} // namespace authd::test
