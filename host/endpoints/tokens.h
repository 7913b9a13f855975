// SPDX-License-Identifier: Apache-2.0
// GET /tokens and GET /tokens/validate: spec/token-service.md.
#pragma once

#include <string_view>

#include "http/router.h"
#include "pipeline/token_pipeline.h"

namespace authd::http {

class TokenEndpoints {
 public:
  // The pipeline must outlive the router's last dispatch.
  explicit TokenEndpoints(const pipeline::TokenPipeline& pipeline) : pipeline_(pipeline) {}

  void add_to(Router& router);

 private:
  // What follows once the consumer's credential record is at hand.
  using Finish = void (TokenEndpoints::*)(Exchange&, const pipeline::Consumer&, std::string_view record);

  void with_credentials(Exchange& exchange, Finish finish);
  void wait_for_lookup(Exchange& exchange, const pipeline::Consumer& consumer, Finish finish);
  void on_deadline(Exchange& exchange, const pipeline::SecretLookup::FlightPtr& flight, Finish finish);
  void on_result(Exchange& exchange, const pipeline::LookupResult& result, Finish finish);

  void issue(Exchange& exchange, const pipeline::Consumer& consumer, std::string_view record);
  void validate(Exchange& exchange, const pipeline::Consumer& consumer, std::string_view record);

  const pipeline::TokenPipeline& pipeline_;
};

} // namespace authd::http
