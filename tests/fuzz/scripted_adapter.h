// SPDX-License-Identifier: Apache-2.0
// One call of a gateway adapter, whose gateway answers what the input says:
//
//   get alice                  get, create, delete, resolve or probe; the consumer
//   ---
//   200 30                     status, and Retry-After if there is one
//   {"data": ...}              the body
//   ---
//   ...                        the next answer; after the last there is none
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "authd/abi.h"
#include "fuzz_target.h"
#include "support/plugin_host.h"
#include "support/recording_sink.h"

namespace authd::fuzz {

struct AdapterCall {
  std::string operation;
  std::string consumer;
  std::vector<test::HttpAnswer> answers;

  authd_status status = AUTHD_INTERNAL;
  std::string message; // of the failure
  std::string id;      // of resolve
  std::vector<test::RecordedCredential> credentials;
  std::vector<test::HttpExchange> exchanges;
  std::string logged;
};

// `plugin`: its built file. Throws std::runtime_error if that is no plugin.
AdapterCall call_adapter(const char* plugin, const test::Settings& settings, std::string_view input);

// Of every adapter: each request stays below one of `bases` and has no blank in its URL; a create is sent once; what is
// put has a key and, for HMAC, a secret; a success rests on answers that are one; a failure has a reason of one line.
void require_sound(const AdapterCall& call, const std::vector<std::string>& bases);

} // namespace authd::fuzz
