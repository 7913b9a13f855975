// SPDX-License-Identifier: Apache-2.0
#include "endpoints/jwks.h"

#include <limits>
#include <string>

#include <fmt/format.h>

#include "endpoints/operations/jwks.h"
#include "http/preconditions.h"
#include "http/problem.h"

namespace authd::endpoints {
namespace {

// Only what entity tags say counts: it has no time of change, so it always is newer than a date.
constexpr std::time_t kNoDate = std::numeric_limits<std::time_t>::max();

std::string caching_of(seconds max_age) {
  if (max_age < modules::keys::KeyRing::kMaxAge) return fmt::format("public, max-age={}", max_age.count());
  return fmt::format("public, max-age={}, stale-while-revalidate=86400", max_age.count());
}

} // namespace

void JwksEndpoint::add_to(http::Router& router) {
  if (!tokens_.has_signer()) return;
  router.add({operations::kJwks, [this](http::Exchange& e) { respond(e); }});
}

void JwksEndpoint::respond(http::Exchange& exchange) const {
  const auto keys = tokens_.keys();
  if (keys == nullptr || !keys->is_read())
    return http::respond_http_problem(exchange, 503, "The keys have not been read yet");
  const modules::keys::PublishedKeys published = keys->published();
  const std::string caching = caching_of(published.max_age);
  if (http::is_not_modified(exchange.request(), published.etag, kNoDate))
    return exchange.respond(304, "", "", {{"ETag", published.etag}, {"Cache-Control", caching}});
  exchange.respond(200, "application/jwk-set+json", published.json,
                   {{"ETag", published.etag}, {"Cache-Control", caching}, {"X-Content-Type-Options", "nosniff"}});
}

} // namespace authd::endpoints
