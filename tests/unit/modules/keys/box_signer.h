// SPDX-License-Identifier: Apache-2.0
// A signer behind the real ABI with real keys, in a box that the signers of several instances share.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "plugin/signer.h"
#include "private_key.h"

namespace authd::modules::keys::test {

struct KeyBox {
  struct Kept {
    signer_file::PrivateKey key;
    std::int64_t created_at_ms;
  };
  std::function<std::int64_t()> now_ms;

  std::mutex mutex; // of what follows
  std::map<std::string, Kept, std::less<>> keys;
  int made = 0;
  int listed = 0;
  std::function<void()> after_generate = [] {}; // outside of the lock: what happens before the record is written
  std::atomic<authd_status> failing{AUTHD_OK};  // of generate, public_keys and remove

  std::size_t size() {
    const std::lock_guard lock(mutex);
    return keys.size();
  }
};

// ES256 and EdDSA sign inline, RS256 does not.
plugin::Signer signer_of(KeyBox& box, Log& log);

} // namespace authd::modules::keys::test
