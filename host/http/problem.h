// SPDX-License-Identifier: Apache-2.0
// RFC 9457 problem details, the format of every refusal.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/exchange.h"

namespace authd::http {

// Answers with the problem that belongs to the error, Retry-After included. `more`: fields beside these.
void respond_problem(Exchange& exchange, const Error& error, std::span<const HeaderField> more = {});

// Refusals at the level of HTTP, which have no AUTH code: 404, 405, 408, 413, 414, 431 ... Their `code` is
// "HTTP_<status>" and their type "urn:authd:problem:http-<status>". `allowed` fills Allow and
// extensions.allowedMethods; a 503 has "Retry-After: 1".
void respond_http_problem(Exchange& exchange, int status, std::string_view detail,
                          std::span<const std::string_view> allowed = {});

// "GET, HEAD, OPTIONS": the format of Allow.
std::string join_methods(std::span<const std::string_view> methods);

} // namespace authd::http
