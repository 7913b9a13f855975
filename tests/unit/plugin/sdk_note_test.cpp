// SPDX-License-Identifier: Apache-2.0
// A note must end exactly where the next one would begin, whatever the length of its text.
#include <gtest/gtest.h>

#include "authd/plugin.hpp"

namespace {

namespace one {
AUTHD_NOTE("1");
}
namespace two {
AUTHD_NOTE("12");
}
namespace three {
AUTHD_NOTE("123");
}
namespace four {
AUTHD_NOTE("1234");
}

template <class NoteLayout>
void expect_no_rest(const NoteLayout& note) {
  EXPECT_EQ(sizeof note, 12 + 8 + (note.descriptor_size + 3u) / 4 * 4);
}

} // namespace

TEST(SdkNote, EndsWhereItsSizesSayInC) {
  expect_no_rest(one::authd_plugin_note);
  expect_no_rest(two::authd_plugin_note);
  expect_no_rest(three::authd_plugin_note);
  expect_no_rest(four::authd_plugin_note);
}

TEST(SdkNote, EndsWhereItsSizesSayInCpp) {
  expect_no_rest(authd::sdk::detail::NoteImage<1>{});
  expect_no_rest(authd::sdk::detail::NoteImage<2>{});
  expect_no_rest(authd::sdk::detail::NoteImage<3>{});
  expect_no_rest(authd::sdk::detail::NoteImage<4>{});
}
