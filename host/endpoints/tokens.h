// SPDX-License-Identifier: Apache-2.0
// GET /tokens and GET /tokens/validate: spec/token-service.md.
#pragma once

#include <optional>
#include <string_view>

#include "endpoints/rate_limit_fields.h"
#include "http/router.h"
#include "pipeline/rate_limiter.h"
#include "pipeline/token_pipeline.h"

namespace authd::endpoints {

class TokenEndpoints {
 public:
  // Pipeline and limiter must outlive the router's last dispatch.
  TokenEndpoints(const pipeline::TokenPipeline& pipeline, pipeline::RateLimiter& limiter,
                 const config::RateLimit& rate_limit)
      : pipeline_(pipeline), limiter_(limiter), rate_limit_(rate_limit) {}

  void add_to(http::Router& router);

 private:
  // What follows once the consumer's credential record is at hand.
  using Finish = void (TokenEndpoints::*)(http::Exchange&, const pipeline::Consumer&, std::string_view record);

  // What the request says of the consumer, and what the token needs beside it if one is to be issued.
  pipeline::IdentityHeaders identity_of(const http::Request& request, Finish finish) const;
  void with_credentials(http::Exchange& exchange, Finish finish);
  void count(http::Exchange& exchange, const pipeline::Consumer& consumer);
  void have_it_counted(http::Exchange& exchange, const pipeline::Consumer& consumer, SteadyTime now);
  void counted_later(http::Exchange& exchange, const std::optional<RateVerdict>& verdict);
  void counted(http::Exchange& exchange, const pipeline::Consumer& consumer, const RateVerdict& verdict);
  void look_up(http::Exchange& exchange, const pipeline::Consumer& consumer, Finish finish);
  void wait_for_lookup(http::Exchange& exchange, const pipeline::Consumer& consumer, Finish finish);
  void on_deadline(http::Exchange& exchange, const pipeline::FlightPtr& flight, Finish finish);
  void after_lookup(http::Exchange& exchange, const pipeline::Flight& flight, const pipeline::LookupResult& result,
                    Finish finish);
  void on_result(http::Exchange& exchange, const pipeline::LookupResult& result, Finish finish);

  void issue(http::Exchange& exchange, const pipeline::Consumer& consumer, std::string_view record);
  void validate(http::Exchange& exchange, const pipeline::Consumer& consumer, std::string_view record);

  const pipeline::TokenPipeline& pipeline_;
  pipeline::RateLimiter& limiter_;
  const RateLimitFields rate_limit_;
};

} // namespace authd::endpoints
