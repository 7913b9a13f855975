// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.h"

#include <cmath>

#include <gtest/gtest.h>

namespace authd {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonString, EscapesWhatRfc8259Wants) {
  EXPECT_EQ(escaped(R"(a"b\c)"), R"("a\"b\\c")");
  EXPECT_EQ(escaped("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(escaped(std::string_view("\0\x1F\x7F", 3)), "\"\\u0000\\u001f\\u007f\"");
  EXPECT_EQ(escaped(""), R"("")");
}

TEST(JsonString, PassesUtf8Through) { EXPECT_EQ(escaped("ünï\U0001F511"), "\"ünï\U0001F511\""); }

TEST(JsonString, ReplacesBytesThatAreNotUtf8) {
  std::string out;
  append_json_string_lossy(out, "a\xFFz\xC3");
  EXPECT_EQ(out, "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\"");
}

TEST(Utf8, AcceptsTheEndsOfEveryRange) {
  for (const char* text : {"\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(text));
  }
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndCutSequences) {
  for (const char* text : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                           "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC3", "\xE2\x82", "\xF0\x9F\x94"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("a", 1).key("b").begin_array().value(true).null().begin_object().end_object();
  json.end_array().member("c", "x").member("d", 1.5).end_object();
  EXPECT_EQ(out, R"({"a":1,"b":[true,null,{}],"c":"x","d":1.5})");
}

TEST(JsonWriter, WritesNullForNumbersThatJsonCannotHold) {
  std::string out;
  JsonWriter(out).begin_array().value(std::nan("")).value(INFINITY).end_array();
  EXPECT_EQ(out, "[null,null]");
}

} // namespace
} // namespace authd
