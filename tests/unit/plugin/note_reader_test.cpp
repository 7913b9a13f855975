// SPDX-License-Identifier: Apache-2.0
#include "plugin/note_reader.h"

#include <cstring>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "plugin/elf_image.h"

namespace authd::plugin {
namespace {

Result<Note, std::string> parse(std::string_view json, std::uint32_t major = 1, std::uint32_t minor = 0) {
  std::vector<std::byte> descriptor(8 + json.size());
  std::memcpy(descriptor.data(), &major, 4);
  std::memcpy(descriptor.data() + 4, &minor, 4);
  if (!json.empty()) std::memcpy(descriptor.data() + 8, json.data(), json.size());
  return read_note(descriptor);
}

std::string component(std::string_view name) {
  return fmt::format(R"({{"kind": "authd.gateway/1", "name": "{}", "config_schema": {{"type": "object"}}}})", name);
}

std::string note(std::string_view id, std::string_view components) {
  return fmt::format(R"({{"id": "{}", "version": "1.0.0", "components": [{}]}})", id, components);
}

} // namespace

TEST(NoteReader, ReadsAllOfIt) {
  const auto read = parse(R"({"id": "com.acme.kong", "version": "1.2.0", "sdk": "0.1.0", "toolchain": "gcc 12.2.0",
      "components": [{"kind": "authd.gateway/1", "name": "acme", "config_schema": {"type": "object", "b": 1, "a": 2}},
                     {"kind": "acme.other/3", "name": "acme", "config_schema": {}}]})",
                          1, 4);
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(read->major, 1u);
  EXPECT_EQ(read->min_minor, 4u);
  EXPECT_EQ(read->id, "com.acme.kong");
  EXPECT_EQ(read->version, "1.2.0");
  EXPECT_EQ(read->sdk, "0.1.0");
  EXPECT_EQ(read->toolchain, "gcc 12.2.0");
  ASSERT_EQ(read->components.size(), 2u);
  EXPECT_EQ(read->components[0].config_schema, R"({"type":"object","b":1,"a":2})") << "the author's order is kept";
  EXPECT_EQ(read->components[1].kind, "acme.other/3") << "kinds are ids, not a closed set";
}

TEST(NoteReader, SaysWhatIsWrongInVisibleAscii) {
  for (const std::string_view text : {"{\"id\":\x1b", "{\"id\" \n\x07", "{", "{\"a\":{}}"}) {
    const auto read = parse(text);
    ASSERT_FALSE(read.has_value());
    for (const char c : read.error()) EXPECT_TRUE(c >= ' ' && c <= '~') << static_cast<int>(c) << ": " << read.error();
  }
}

TEST(NoteReader, ReadsWhatAComponentMaySayBeside) {
  const auto with = [](std::string_view more) {
    return parse(note("x", fmt::format(R"({{"kind": "k", "name": "n", "config_schema": {{}}{}}})", more)));
  };
  const auto all = with(R"(, "mode": "API_GATEWAY", "adds": "REDIS_ENABLED", "remote": true)");
  ASSERT_TRUE(all.has_value()) << all.error();
  EXPECT_EQ(all->components[0].mode, "API_GATEWAY");
  EXPECT_EQ(all->components[0].adds, "REDIS_ENABLED");
  EXPECT_EQ(all->components[0].remote, true);
  const auto none = with("");
  ASSERT_TRUE(none.has_value()) << none.error();
  EXPECT_EQ(none->components[0].mode, "");
  EXPECT_EQ(none->components[0].adds, "");
  EXPECT_EQ(none->components[0].remote, std::nullopt);
  for (const char* wrong : {R"(, "mode": "two words")", R"(, "mode": "")", R"(, "adds": "path")", R"(, "adds": "1ST")",
                            R"(, "adds": "A=B")", R"(, "remote": "yes")", R"(, "remote": 1)", R"(, "remote": null)"})
    EXPECT_FALSE(with(wrong).has_value()) << wrong;
}

TEST(NoteReader, LeavesBlanksOutWhenItComparesSchemas) {
  EXPECT_EQ(canonical_json("{ \"a\" : [1, 2.5,\n true, \"\\u00e9 \\\"x\\\"\"] }"),
            canonical_json("{\"a\":[1,2.5,true,\"\xc3\xa9 \\\"x\\\"\"]}"));
  EXPECT_NE(canonical_json(R"({"a": 1})"), canonical_json(R"({"a": "1"})"));
  EXPECT_FALSE(canonical_json("[]").has_value());
  EXPECT_FALSE(canonical_json("{").has_value());
}

TEST(NoteReader, RefusesTextThatIsNoNote) {
  const std::string valid = note("x", component("x"));
  ASSERT_TRUE(parse(valid).has_value());
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("{"), std::string("{}"), valid + "}",
        note("", component("x")), note("two words", component("x")), note("caf\xc3\xa9", component("x")),
        note(std::string(200, 'x'), component("x")), note("x", ""), note("x", "7"),
        note("x", R"({"kind": "k", "name": "n"})"), note("x", R"({"kind": "k", "name": "n", "config_schema": []})"),
        note("x", R"({"kind": 7, "name": ["n"], "config_schema": {}})"),
        note("x", component("x") + "," + component("x")), std::string("{\"id\": \"\xff\"}"),
        std::string(100'000, '[')}) {
    EXPECT_FALSE(parse(text).has_value()) << text.substr(0, 100);
  }
}

// C can hardly write a literal without its NUL.
TEST(NoteReader, IgnoresNulsBehindTheText) {
  EXPECT_TRUE(parse(note("x", component("x")) + std::string(3, '\0')).has_value());
  EXPECT_FALSE(parse(std::string(3, '\0')).has_value());
}

TEST(NoteReader, RefusesTooManyComponents) {
  std::string many;
  for (int i = 0; i < 65; ++i) many += (i > 0 ? "," : "") + component(fmt::format("c{}", i));
  EXPECT_FALSE(parse(note("x", many)).has_value());
}

TEST(NoteReader, KeepsEscapesOutOfWhatPeopleRead) {
  const auto read =
      parse(R"({"id": "x", "version": "1", "toolchain": "gcc\u001b[31m 12", "components": [)" + component("x") + "]}");
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(read->toolchain, "gcc[31m 12");
}

TEST(NoteReader, ReadsTheVersionOfANoteWhoseTextItCannotRead) {
  const std::uint32_t words[] = {7, 3, 0xFFFFFFFF};
  const auto bytes = std::as_bytes(std::span(words));
  EXPECT_FALSE(read_note(bytes).has_value());
  EXPECT_EQ(read_note_version(bytes)->major, 7u);
  EXPECT_EQ(read_note_version(bytes)->min_minor, 3u);
  EXPECT_FALSE(read_note_version(bytes.first(7)).has_value());
}

TEST(NoteReader, SurvivesRandomText) {
  const std::string valid = note("x", component("x"));
  std::mt19937 random(7); // fixed: a failure can be repeated
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = valid;
    for (auto left = 1 + random() % 6; left > 0; --left) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0)
        text.erase(at, 1 + random() % 4);
      else
        text[at] = static_cast<char>("{}[]\",:\\u0\x80\xff"[random() % 12]);
    }
    if (!parse(text).has_value()) ++refused;
  }
  EXPECT_GT(refused, 10'000);
}

} // namespace authd::plugin
