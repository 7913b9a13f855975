// SPDX-License-Identifier: Apache-2.0
#include "endpoints/content_security.h"

#include <openssl/evp.h>

#include "pipeline/hmac.h"

namespace authd::endpoints {

std::string hash_source(std::string_view content) {
  const auto digest = pipeline::sha256(content, "");
  std::string encoded(45, '\0'); // 44 and the null that OpenSSL appends
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                  reinterpret_cast<const unsigned char*>(digest.data()), static_cast<int>(digest.size()));
  encoded.pop_back();
  return "'sha256-" + encoded + "'";
}

} // namespace authd::endpoints
