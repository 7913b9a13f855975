// SPDX-License-Identifier: Apache-2.0
#include "endpoints/api.h"

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64url.h"
#include "endpoints/api_page.h"
#include "endpoints/operations/api.h"
#include "http/negotiation.h"
#include "http/preconditions.h"
#include "http/response_writer.h"
#include "pipeline/hmac.h"

namespace authd::endpoints {
namespace {

struct Offer {
  std::string_view asked_for; // in Accept
  ApiFormat format;
};

// In order of preference: whoever accepts anything gets JSON, whoever accepts any text the page.
constexpr Offer kOffers[] = {
    {"application/json", ApiFormat::json},   {"application/yaml", ApiFormat::yaml}, {"text/html", ApiFormat::page},
    {"application/x-yaml", ApiFormat::yaml}, {"text/yaml", ApiFormat::yaml},
};
constexpr auto kAskedFor = [] {
  std::array<std::string_view, std::size(kOffers)> types;
  for (std::size_t i = 0; i < types.size(); ++i) types[i] = kOffers[i].asked_for;
  return types;
}();

// Who accepts none of them gets JSON rather than 406: RFC 9110, section 12.4.1.
ApiFormat format_for(const http::Request& request) {
  return kOffers[http::choose_media_type(request, kAskedFor).value_or(0)].format;
}

std::string_view media_type(ApiFormat format) {
  switch (format) {
  case ApiFormat::json:
    break;
  case ApiFormat::yaml:
    return "application/yaml"; // RFC 9512, whichever name it was asked for by
  case ApiFormat::page:
    return "text/html; charset=utf-8";
  }
  return "application/json";
}

std::string etag_of(std::string_view body) {
  constexpr std::size_t kBytes = 18; // no padding, and no two documents that agree
  const auto digest = pipeline::sha256(body, "");
  std::string etag = "\"";
  append_base64url(etag, std::string_view(digest.data(), kBytes));
  return etag += '"';
}

} // namespace

ApiEndpoint::ApiEndpoint(ApiInfo info, const http::Router& router, WallTime since)
    : info_(std::move(info)), router_(router), last_modified_(unix_seconds(since)) {}

void ApiEndpoint::add_to(http::Router& router) {
  router.add({operations::kApiDocument, [this](http::Exchange& e) { answer(e); }});
}

const ApiEndpoint::Representation& ApiEndpoint::representation(ApiFormat format) const {
  Representation& wanted = representations_[static_cast<std::size_t>(format)];
  std::call_once(wanted.made, [&] {
    std::vector<const http::Operation*> operations;
    for (const http::Route& route : router_.routes()) operations.push_back(route.description);
    wanted.body = render(info_, operations, format);
    wanted.etag = etag_of(wanted.body);
  });
  return wanted;
}

void ApiEndpoint::answer(http::Exchange& exchange) const {
  constexpr std::string_view kCaching = "public, max-age=300";
  const ApiFormat format = format_for(exchange.request());
  const Representation& chosen = representation(format);
  http::HttpDate date;
  date.refresh(last_modified_);
  if (http::is_not_modified(exchange.request(), chosen.etag, last_modified_)) {
    return exchange.respond(
        304, "", "",
        {{"ETag", chosen.etag}, {"Last-Modified", date.text()}, {"Cache-Control", kCaching}, {"Vary", "Accept"}});
  }
  const std::string_view policy = format == ApiFormat::page ? page_policy() : "default-src 'none'";
  exchange.respond(200, media_type(format), chosen.body,
                   {{"ETag", chosen.etag},
                    {"Last-Modified", date.text()},
                    {"Cache-Control", kCaching},
                    {"Vary", "Accept"},
                    {"Content-Security-Policy", policy},
                    {"X-Content-Type-Options", "nosniff"},
                    {"Referrer-Policy", "no-referrer"}});
}

} // namespace authd::endpoints
