// SPDX-License-Identifier: Apache-2.0
// A credential sink of a host that keeps what a gateway puts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "authd/gateway.h"

namespace authd::test {

struct RecordedCredential {
  std::string id, key, algorithm, secret;
  std::int64_t created_at;
};

struct RecordingSink : authd_credential_sink {
  std::vector<RecordedCredential> all;
  authd_status verdict = AUTHD_OK; // what each put answers

  RecordingSink() : authd_credential_sink{sizeof(authd_credential_sink), 0, this, &take} {}
  RecordingSink(const RecordingSink&) = delete;
  RecordingSink& operator=(const RecordingSink&) = delete;

 private:
  static authd_status take(const authd_credential_sink* sink, const authd_credential* c) noexcept {
    auto& self = *static_cast<RecordingSink*>(sink->ctx);
    const auto text = [](const auto& s) { return std::string(reinterpret_cast<const char*>(s.p), s.n); };
    self.all.push_back({text(c->id), text(c->key), text(c->algorithm), text(c->secret), c->created_at});
    return self.verdict;
  }
};

} // namespace authd::test
