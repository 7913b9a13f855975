// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "support/child_process.h"

namespace authd::test {

// A page in Chromium, looked at by a script of tests/npm/browser: in light and dark, wide and 390 px. Its pictures are
// in PICTURES. Skips the test where Chromium or npm's packages are not there.
inline void look_at(const std::string& script, const std::string& url) {
  ChildProcess browser({BROWSER "/look_at", script, url, PICTURES}, {});
  const auto exit_code = browser.await_exit(std::chrono::minutes(4));
  if (exit_code == 77) GTEST_SKIP() << browser.everything();
  EXPECT_EQ(exit_code, 0) << browser.everything();
}

} // namespace authd::test
