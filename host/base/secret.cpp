// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <openssl/crypto.h>

namespace authd {

void wipe(void* data, std::size_t size_bytes) {
  if (size_bytes != 0) OPENSSL_cleanse(data, size_bytes);
}

} // namespace authd
