// SPDX-License-Identifier: Apache-2.0
// Headers to a consumer, a credential to a token, a token to its claims.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/clock.h"
#include "base/random.h"
#include "pipeline/consumer.h"
#include "pipeline/credential.h"
#include "pipeline/hmac.h"
#include "pipeline/jwt.h"

namespace authd::pipeline {
namespace {

constexpr std::string_view kId = "5eed0000-0000-4000-8000-000000000001";
constexpr std::string_view kUsername = "consumer-1";
constexpr std::string_view kSecret = "secret-00000000000000000000000000000001";

config::Jwt jwt_settings() {
  config::Jwt jwt;
  jwt.issuer = "https://auth.example.com";
  jwt.audience = {"https://api.example.com"};
  return jwt;
}

void ValidateHeaders(benchmark::State& state) {
  const IdentityHeaders headers{{1, kId}, {1, kUsername}, {}, true};
  for (auto _ : state) {
    auto consumer = validate(headers);
    if (!consumer) {
      state.SkipWithError("the consumer was refused");
      break;
    }
    benchmark::DoNotOptimize(consumer);
  }
}
BENCHMARK(ValidateHeaders);

void NextJti(benchmark::State& state) {
  UuidSource ids;
  for (auto _ : state) benchmark::DoNotOptimize(ids.next());
}
BENCHMARK(NextJti);

void Sign(benchmark::State& state, Algorithm algorithm) {
  const ClaimsTemplate claims(jwt_settings());
  const CredentialView credential{"key-1", kSecret, algorithm};
  const std::int64_t now = unix_seconds(wall_now());
  Signer signer;
  for (auto _ : state) {
    auto token = signer.sign(claims, {kId, kUsername}, credential, "519183b0-74b7-4b1b-ac5e-4f5beed3e547", now);
    benchmark::DoNotOptimize(token);
  }
}
BENCHMARK_CAPTURE(Sign, HS256, Algorithm::hs256);
BENCHMARK_CAPTURE(Sign, HS384, Algorithm::hs384);
BENCHMARK_CAPTURE(Sign, HS512, Algorithm::hs512);

// As TokenPipeline::check does it, the record's decoding included.
void ValidateToken(benchmark::State& state, const char* algorithm) {
  std::vector<plugin::GatewayCredential> listed;
  listed.push_back({"c0de0000-0000-4000-8000-000000000001", "key-1", algorithm, Secret(std::string(kSecret)), 1});
  std::string record;
  CredentialRecord::encode(select_credentials(std::move(listed)), wall_now(), record);
  const std::int64_t now = unix_seconds(wall_now());
  Signer signer;
  const std::string token(signer
                              .sign(ClaimsTemplate(jwt_settings()), {kId, kUsername},
                                    CredentialRecord::decode(record)->newest(), "519183b0-74b7-4b1b-ac5e-4f5beed3e547",
                                    now)
                              .text);
  for (auto _ : state) {
    auto checked = validate_token(token, *CredentialRecord::decode(record), "key", now);
    if (!checked) {
      state.SkipWithError("the token was refused");
      break;
    }
    benchmark::DoNotOptimize(checked);
  }
}
BENCHMARK_CAPTURE(ValidateToken, HS256, "HS256");
BENCHMARK_CAPTURE(ValidateToken, HS384, "HS384");
BENCHMARK_CAPTURE(ValidateToken, HS512, "HS512");

} // namespace
} // namespace authd::pipeline
