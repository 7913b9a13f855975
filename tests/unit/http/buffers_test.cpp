// SPDX-License-Identifier: Apache-2.0
#include "http/buffers.h"

#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace authd::http {
namespace {

constexpr std::size_t kLimit = 1024 * 1024;

// Receives the text as it comes from a socket: as much as there is room for.
void receive(Inbox& inbox, std::string_view text) {
  while (!text.empty()) {
    const auto space = inbox.space();
    ASSERT_FALSE(space.empty());
    const std::size_t size = std::min(space.size(), text.size());
    std::memcpy(space.data(), text.data(), size);
    inbox.received(size);
    text.remove_prefix(size);
    inbox.parse();
  }
}

// Around the size from which a buffer is mapped. With a sanitizer, and glibc's own checks, a byte too many ends this.
TEST(Inbox, OfAClientThatLeavesWithinARequestGivesAllBackWhateverItHas) {
  BodyBudget bodies;
  for (const std::size_t size : {100U, 8000U, 8192U, 8193U, 9000U, 16'000U}) {
    for (int i = 0; i < 3; ++i) {
      Inbox inbox({64 * 1024, 8 * 1024, kLimit}, bodies);
      inbox.begin({64 * 1024, 8 * 1024, kLimit}, 0, kLimit);
      receive(inbox, "GET /tokens HTTP/1.1\r\nHost: a\r\nX-A: " + std::string(size, 'b'));
    }
    const std::string after(8000, 'c'); // what stands on the heap behind it is not touched
    EXPECT_EQ(after, std::string(8000, 'c'));
  }
  EXPECT_EQ(bodies.held(), 0U);
}

} // namespace
} // namespace authd::http
