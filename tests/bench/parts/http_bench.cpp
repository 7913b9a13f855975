// SPDX-License-Identifier: Apache-2.0
// Bytes to a request, and an answer to bytes: what HTTP alone costs per token.
#include <cstring>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "http/cors.h"
#include "http/request_parser.h"
#include "http/response_writer.h"

namespace authd::http {
namespace {

// What Kong sends on behalf of a consumer.
constexpr std::string_view kRequest =
    "GET /tokens HTTP/1.1\r\nHost: authd.internal:3000\r\nConnection: keep-alive\r\nX-Forwarded-For: "
    "203.0.113.7\r\n"
    "X-Forwarded-Proto: https\r\nX-Forwarded-Host: api.example.com\r\nX-Real-IP: 203.0.113.7\r\n"
    "User-Agent: curl/8.5.0\r\nAccept: */*\r\nX-Consumer-ID: 5eed0000-0000-4000-8000-000000000001\r\n"
    "X-Consumer-Username: consumer-1\r\nX-Credential-Identifier: "
    "c0de0000-0000-4000-8000-000000000001\r\n\r\n";

void ParseRequest(benchmark::State& state) {
  std::string bytes(kRequest);
  RequestParser parser{RequestLimits{}};
  Request request;
  for (auto _ : state) {
    parser.reset();
    if (parser.parse(bytes.data(), bytes.size()) != RequestParser::State::complete) {
      state.SkipWithError("the request was not taken");
      break;
    }
    parser.describe(bytes.data(), request);
    benchmark::DoNotOptimize(request);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK(ParseRequest);

void SerialiseResponse(benchmark::State& state) {
  const Cors cors({"*"}, false);
  const std::string body = R"({"access_token":")" + std::string(440, 'e') + R"(","expires_in":900})";
  const HeaderField fields[] = {{"Cache-Control", "no-store, no-cache, must-revalidate"}, {"Pragma", "no-cache"}};
  Request request;
  request.request_id = "519183b0-74b7-4b1b-ac5e-4f5beed3e547";
  Response response;
  response.status = 200;
  response.content_type = "application/json";
  response.body = body;
  response.headers = fields;
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_response(out, response, request, cors, "Sun, 22 Nov 2026 06:35:44 GMT");
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * out.size()));
}
BENCHMARK(SerialiseResponse);

} // namespace
} // namespace authd::http
