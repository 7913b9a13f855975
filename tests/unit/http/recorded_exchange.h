// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.h"

namespace authd::http {

// An exchange without a server: remembers what it was answered with. It cannot be deferred.
class RecordedExchange : public Exchange {
 public:
  RecordedExchange(Method method, std::string_view path) {
    request_.method = method;
    request_.path = path;
    request_.request_id = "id-1";
  }

  const Request& request() const override { return request_; }
  void respond(int answered, std::string_view type, std::string_view text, FieldList fields) override {
    status = answered;
    content_type = type;
    body = text;
    for (const HeaderField& field : fields) headers[std::string(field.name)] = field.value;
  }
  Ticket defer(SteadyTime, Continuation) override { return {}; }
  void extend(SteadyTime, Continuation) override {}
  void hold(std::shared_ptr<const void>) override {}
  RequestOutcome& outcome() override { return outcome_; }

  int status = 0;
  std::string content_type;
  std::string body;
  std::map<std::string, std::string> headers;

 private:
  RequestOutcome outcome_;
  Request request_;
};

} // namespace authd::http
