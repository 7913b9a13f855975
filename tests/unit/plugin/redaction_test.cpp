// SPDX-License-Identifier: Apache-2.0
#include "plugin/redaction.h"

#include <gtest/gtest.h>

#include "base/json_writer.h"
#include "fixtures.h"

namespace authd::plugin {
namespace {

using test::text_value;

Redaction redaction(std::initializer_list<std::pair<const char*, bool>> values) {
  config::PluginSettings settings;
  for (const auto& [text, secret] : values)
    settings.values.emplace("/" + std::to_string(settings.values.size()), text_value(text, secret));
  return Redaction(settings);
}

} // namespace

TEST(Redaction, ReplacesEachOccurrenceOfASecret) {
  EXPECT_EQ(redaction({{"s3cret", true}}).clean("s3cret s3crets3cret"), "[redacted] [redacted][redacted]");
}

TEST(Redaction, LeavesOtherSettingsAndShortOnesAlone) {
  EXPECT_EQ(redaction({{"kong", false}, {"abc", true}}).clean("kong abc"), "kong abc");
  EXPECT_EQ(redaction({{"abcd", true}}).clean("abcd"), "[redacted]");
}

TEST(Redaction, LeavesNoRestOfASecretThatHoldsAnother) {
  EXPECT_EQ(redaction({{"open", true}, {"open-sesame", true}}).clean("open-sesame"), "[redacted]");
}

TEST(Redaction, EndsWhereTheSecretIsPartOfTheMark) {
  EXPECT_EQ(redaction({{"redacted", true}}).clean("redacted"), "[redacted]");
}

TEST(Redaction, FindsASecretThatIsAUrlBeforeItHidesWhatUrlsHold) {
  const std::string url = "redis://:a@b/c@host:6379";
  EXPECT_EQ(redaction({{url.c_str(), true}}).clean("cannot reach " + url), "cannot reach [redacted]");
  EXPECT_EQ(redaction({}).clean("GET http://u:p@h/x failed"), "GET http://[redacted]@h/x failed");
}

TEST(Redaction, MakesOneLineOfUtf8) {
  const auto none = redaction({});
  EXPECT_EQ(none.clean("a\nb\x1b[31m\x7f"), "a b [31m ");
  EXPECT_EQ(none.clean("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(none.clean("caf\xe9"), "caf?");
  EXPECT_EQ(none.clean("a\xc2\x9b\x32J\xc2\x80\xc2\xa0"), "a 2J \xc2\xa0") << "C1 controls";
}

TEST(Redaction, CutsLongTextBetweenCharacters) {
  std::string text;
  while (text.size() < 2000) text += "\xe2\x82\xac"; // three bytes: 1024 is within one
  const std::string cut = redaction({}).clean(text);
  EXPECT_EQ(cut.size(), 1023u);
  EXPECT_TRUE(is_utf8(cut));
}

} // namespace authd::plugin
