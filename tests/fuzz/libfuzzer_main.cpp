// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry, for the target that AUTHD_FUZZ_TARGET names; main is libFuzzer's own.
#include "fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  authd::fuzz::AUTHD_FUZZ_TARGET({data, size});
  return 0;
}
