// SPDX-License-Identifier: Apache-2.0
#include "plugin/descriptor.h"

#include <gtest/gtest.h>

#include "authd/cache.h"
#include "scripted.h"

namespace authd::plugin {
namespace {

// A tier whose flags say one thing and whose note says another.
class DescriptorTest : public testing::Test {
 protected:
  DescriptorTest() {
    tables_.component.ops = &tables_.cache;
    inspected_.path = "/opt/tier.so";
    inspected_.note.major = AUTHD_ABI_MAJOR;
    inspected_.note.id = "tier";
    inspected_.note.version = "1.0.0";
    inspected_.note.components = {{AUTHD_CACHE_V1, "scripted", "{}"}};
  }
  auto match(std::uint32_t flags, std::optional<bool> said) {
    tables_.cache.flags = flags;
    NoteComponent& component = inspected_.note.components[0];
    component.remote = said;
    const authd_plugin plugin{sizeof plugin, AUTHD_ABI_MAJOR, 0, "tier", "1.0.0", "", "", "", &tables_.component, 1};
    return match_descriptor(&plugin, inspected_, component);
  }

  test::Scripted tables_{AUTHD_CACHE_V1};
  InspectedPlugin inspected_;
};

} // namespace

TEST_F(DescriptorTest, AgreesWithTheNoteOnWhetherValuesLeaveTheProcess) {
  EXPECT_TRUE(match(AUTHD_CACHE_NONBLOCKING, false).has_value());
  EXPECT_TRUE(match(AUTHD_CACHE_NONBLOCKING | AUTHD_CACHE_REMOTE, true).has_value());
  EXPECT_TRUE(match(0, true).has_value()) << "what blocks does I/O";
  EXPECT_TRUE(match(0, std::nullopt).has_value()) << "1.0 did not say";
}

TEST_F(DescriptorTest, IsRefusedWhenTheNoteHidesThatValuesLeaveTheProcess) {
  for (const auto flags : {0, AUTHD_CACHE_REMOTE | AUTHD_CACHE_NONBLOCKING}) {
    const auto matched = match(static_cast<std::uint32_t>(flags), false);
    ASSERT_FALSE(matched.has_value());
    EXPECT_EQ(matched.error().code, RefusalCode::note_differs);
  }
  EXPECT_FALSE(match(AUTHD_CACHE_NONBLOCKING, true).has_value());
}

} // namespace authd::plugin
