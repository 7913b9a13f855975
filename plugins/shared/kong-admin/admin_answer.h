// SPDX-License-Identifier: Apache-2.0
// What answers that are no success mean, as far as Kong's Admin API and Konnect's agree.
#pragma once

#include <ctime>
#include <optional>
#include <string_view>

#include "authd/http_client.hpp"

namespace authd::kong_admin {

// How long Retry-After asks to wait: seconds, or an HTTP-date in one of its three forms (RFC 9110, sections
// 10.2.3 and 5.6.7). At most a day; zero when there is nothing to wait for, or it cannot be read.
sdk::milliseconds retry_after(std::string_view header, std::time_t now);

// Records the failure on the call and returns its status, never ok. `api` is how messages call what
// answered; `trace`, if any, is appended to them.
//   conflict      409
//   invalid       414: the consumer's name is too long
//   rate_limited  429, with Retry-After
//   corrupt       a success of another kind than was asked for
//   unavailable   everything else, with Retry-After
sdk::Status classify_common(const sdk::Call& call, const sdk::HttpResponse& answer, std::string_view api,
                            std::string_view trace = {});

// Records, in the API's own words, that a create was refused for this consumer; `classified`: what the answer means
// for any other call. nullopt: it was not refused but failed.
//   invalid      400 (`classified` knows the ones that are not about the credential), 413
//   denied       401, 403: an administrator's role may read and not write
//   unsupported  405, and a 404 that is not Kong's "Not found": a proxy in front that passes GET only
std::optional<sdk::Status> refused_create(const sdk::Call& call, const sdk::HttpResponse& answer,
                                          sdk::Status classified, std::string_view api);

} // namespace authd::kong_admin
