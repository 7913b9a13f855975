// SPDX-License-Identifier: Apache-2.0
// What the API document says of every route, whatever its form.
#include "endpoints/api_document.h"

#include <map>
#include <set>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "base/result.h"
#include "base/version.h"
#include "endpoints/api_page.h"
#include "endpoints/operations/listeners.h"
#include "support/matches.h"

namespace authd::endpoints {
namespace {

using test::matches;

using Poco::Dynamic::Var;
using Object = Poco::JSON::Object;

const std::vector<const http::Operation*> kPublic =
    operations::of_public_listener(config::Environment::development, {true, true});

std::vector<const http::Operation*> every_operation() {
  std::vector<const http::Operation*> all =
      operations::of_public_listener(config::Environment::development, {true, true});
  for (const http::Operation* operation : operations::of_admin_listener()) all.push_back(operation);
  return all;
}

config::Api with_title(const std::string& title) {
  config::Api api;
  api.title = title;
  return api;
}

Object::Ptr json_of(const config::Api& api) {
  return Poco::JSON::Parser()
      .parse(render(info_of_public_listener(api), kPublic, ApiFormat::json))
      .extract<Object::Ptr>();
}

// That both trees have the same values, and texts are texts in both.
void expect_same(const Var& json, const YAML::Node& yaml, const std::string& where) {
  if (json.type() == typeid(Object::Ptr)) {
    const auto object = json.extract<Object::Ptr>();
    ASSERT_TRUE(yaml.IsMap()) << where;
    EXPECT_EQ(yaml.size(), object->size()) << where;
    for (const std::string& name : object->getNames()) expect_same(object->get(name), yaml[name], where + "/" + name);
  } else if (json.type() == typeid(Poco::JSON::Array::Ptr)) {
    const auto array = json.extract<Poco::JSON::Array::Ptr>();
    ASSERT_TRUE(yaml.IsSequence() && yaml.size() == array->size()) << where;
    for (std::size_t i = 0; i < array->size(); ++i) {
      expect_same(array->get(static_cast<unsigned>(i)), yaml[i], where + "/" + std::to_string(i));
    }
  } else {
    ASSERT_TRUE(yaml.IsScalar()) << where;
    EXPECT_EQ(yaml.Scalar(), json.convert<std::string>()) << where;
    // "!" is the tag of a quoted scalar; what is plain must not look like a number, a boolean or null.
    const bool looks_typed = !matches("\\A(true|false|null|~|[-+.0-9].*|yes|no|on|off|)\\z", yaml.Scalar()).empty();
    if (json.isString() && looks_typed) {
      EXPECT_EQ(yaml.Tag(), "!") << where;
    }
  }
}

TEST(ApiDocument, SaysTheSameAsYaml) {
  for (const char* title :
       {"Authentication Service API", "yes", "1.0", "", "null", "- a: b # c", "\"quoted\" \\ 'text'",
        "zwei\nZeilen\t\x01", "ключ 🔑", "{a, b}", " blank ", "0x1F", "~", "|", "a: ", "On", "/"}) {
    const config::Api api = with_title(title);
    const std::string yaml = render(info_of_public_listener(api), kPublic, ApiFormat::yaml);
    expect_same(Var(json_of(api)), YAML::Load(yaml), "");
    EXPECT_EQ(yaml.back(), '\n');
  }
}

TEST(ApiDocument, HasWhatIsConfiguredOfItself) {
  config::Api api = with_title("Tokens");
  api.description = "Ours.";
  api.version = "7";
  api.contact_name = "We";
  api.contact_email = "we@example.com";
  api.license_name = "Apache 2.0";
  api.license_identifier = "Apache-2.0";
  std::ostringstream text;
  json_of(api)->getObject("info")->stringify(text);
  const auto info = Poco::JSON::Parser().parse(text.str()).extract<Object::Ptr>();
  EXPECT_EQ(info->getValue<std::string>("title"), "Tokens");
  EXPECT_EQ(info->getValue<std::string>("description"), "Ours.");
  EXPECT_EQ(info->getValue<std::string>("version"), "7");
  EXPECT_EQ(info->getObject("contact")->getValue<std::string>("name"), "We");
  EXPECT_EQ(info->getObject("contact")->getValue<std::string>("email"), "we@example.com");
  EXPECT_EQ(info->getObject("license")->getValue<std::string>("name"), "Apache 2.0");
  EXPECT_EQ(info->getObject("license")->getValue<std::string>("identifier"), "Apache-2.0");
}

TEST(ApiDocument, LeavesOutWhatIsNotConfigured) {
  const auto info = json_of({})->getObject("info");
  EXPECT_FALSE(info->has("contact"));
  EXPECT_FALSE(info->has("license"));
  EXPECT_EQ(info->getValue<std::string>("version"), kVersion);
  EXPECT_NE(info->getValue<std::string>("description"), "");
  config::Api api;
  api.license_identifier = "MIT"; // a license without a name is none: OpenAPI 3.1, 4.8.4
  EXPECT_EQ(json_of(api)->getObject("info")->getObject("license")->getValue<std::string>("name"), "MIT");
}

TEST(ApiDocument, RefersToNothingThatItLacks) {
  for (const auto& served : {operations::of_public_listener(config::Environment::development, {true, true}),
                             operations::of_admin_listener()}) {
    const std::string text = render(info_of_public_listener({}), served, ApiFormat::json);
    const auto components = Poco::JSON::Parser().parse(text).extract<Object::Ptr>()->getObject("components");
    const auto references = matches("\"\\$ref\": \"#/components/([a-z]+)/([A-Za-z0-9]+)\"", text);
    for (const auto& reference : references)
      EXPECT_TRUE(components->getObject(reference[1])->has(reference[2])) << reference[0];
    EXPECT_GT(references.size(), served.size());
  }
}

TEST(ApiDocument, NamesEachCodeWhereItsStatusIs) {
  std::set<std::string> named;
  std::map<std::string, int> statuses;
  for (int code = 1; code <= 15; ++code) {
    const CodeInfo& info = describe(static_cast<Code>(code));
    statuses[std::string(info.code)] = info.status;
  }
  const auto take = [&](const http::AnswerRow& row) {
    for (const auto& match : matches("AUTH_[0-9]{3}", std::string(row.description))) {
      const std::string& code = match[0];
      ASSERT_EQ(statuses.count(code), 1u) << code;
      EXPECT_TRUE(row.status == 0 || statuses[code] == row.status) << row.description;
      named.insert(code);
    }
  };
  for (const http::AnswerRow& row : http::server_answers()) take(row);
  for (const http::Operation* operation : every_operation()) {
    for (const http::AnswerRow& row : operation->answers) take(row);
  }
  statuses.erase("AUTH_006"); // rate limits are not built
  for (const auto& [code, status] : statuses) EXPECT_EQ(named.count(code), 1u) << code << " is in no answer";
}

TEST(ApiPage, ShowsTextAsText) {
  const std::string page =
      render(info_of_public_listener(with_title("<script>alert(\"1\")</script> & 'x'")), kPublic, ApiFormat::page);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;"), std::string::npos);
}

TEST(ApiPage, LoadsNothingAndRunsNothing) {
  const std::string page = api_page(info_of_public_listener({}), kPublic);
  for (const char* loading : {"script", "link", "img", "iframe", "object", "embed", "base"}) {
    EXPECT_TRUE(matches(std::string("<") + loading + "\\b", page).empty()) << loading;
  }
  for (const char* attribute : {"src", "style", "on[a-z]+", "http-equiv"}) {
    EXPECT_TRUE(matches(std::string("<[^>]*\\s") + attribute + "\\s*=", page).empty()) << attribute;
  }
  EXPECT_TRUE(matches("url\\(|@import", page).empty());
  EXPECT_EQ(page_policy().find("unsafe"), std::string_view::npos);
  EXPECT_TRUE(page_policy().starts_with("default-src 'none'; style-src 'sha256-")) << page_policy();
}

TEST(ApiPage, ShowsEveryOperationOnce) {
  const std::string page = api_page(info_of_admin_listener({}), operations::of_admin_listener());
  for (const http::Operation* operation : operations::of_admin_listener()) {
    const std::string id = " id=\"" + std::string(operation->id) + "\"";
    const std::size_t at = page.find(id);
    EXPECT_NE(at, std::string::npos) << id;
    EXPECT_EQ(page.find(id, at + 1), std::string::npos) << id;
    EXPECT_NE(page.find("href=\"#" + std::string(operation->id) + "\""), std::string::npos);
  }
}

} // namespace
} // namespace authd::endpoints
