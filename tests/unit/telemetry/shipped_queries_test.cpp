// SPDX-License-Identifier: Apache-2.0
// Dashboard and alerts ask for metrics and labels that there are.
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/RegularExpression.h>
#include <gtest/gtest.h>

#include "support/matches.h"
#include "telemetry/instruments.h"

namespace authd::telemetry {
namespace {

const std::set<std::string> kWordsOfPromQl{
    "sum", "avg", "max",     "count", "rate", "increase", "histogram_quantile", "and",
    "or",  "by",  "without", "on",    "m",    "ignoring", "label_values"};
const std::set<std::string> kLabelsOfPrometheus{"job", "instance", "le"};

// The names under which Prometheus knows an instrument.
std::vector<std::string> names_in_text(const Instrument& instrument) {
  const std::string name(instrument.name);
  if (instrument.kind == InstrumentKind::histogram) return {name + "_bucket", name + "_sum", name + "_count"};
  if (instrument.kind == InstrumentKind::gauge || name.ends_with("_total")) return {name};
  return {name + "_total"};
}

struct Known {
  std::set<std::string> metrics;
  std::set<std::string> labels = kLabelsOfPrometheus;
};

Known known() {
  Known all;
  for (const Instrument& instrument : instruments()) {
    for (const std::string& name : names_in_text(instrument)) all.metrics.insert(name);
    for (const std::string_view label : instrument.label_names()) all.labels.emplace(label);
  }
  return all;
}

std::vector<std::string> identifiers(const std::string& text) {
  std::vector<std::string> all;
  for (const auto& match : test::matches("[A-Za-z_][A-Za-z0-9_]*", text)) all.push_back(match[0]);
  return all;
}

// Takes out what matches and returns the identifiers in it.
std::vector<std::string> take_out(std::string& text, const std::string& pattern) {
  std::string taken;
  for (const auto& match : test::matches(pattern, text)) taken += match[0] + ' ';
  Poco::RegularExpression(pattern).subst(text, " ", Poco::RegularExpression::RE_GLOBAL);
  return identifiers(taken);
}

void expect_known(std::string query) {
  static const Known all = known();
  SCOPED_TRACE(query);
  take_out(query, "\"[^\"]*\"");
  take_out(query, "\\[[^\\]]*\\]"); // durations
  std::vector<std::string> labels = take_out(query, "\\{[^}]*\\}");
  for (std::string& label : take_out(query, "(by|without|on|ignoring) *\\([^)]*\\)"))
    labels.push_back(std::move(label));
  for (const std::string& label : labels) {
    EXPECT_TRUE(kWordsOfPromQl.contains(label) || all.labels.contains(label)) << "no label " << label;
  }
  for (const std::string& name : identifiers(query)) {
    EXPECT_TRUE(kWordsOfPromQl.contains(name) || all.metrics.contains(name)) << "no metric " << name;
  }
}

std::string text_of(const std::string& file) {
  std::ifstream in(std::string(AUTHD_ETC) + file);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_FALSE(text.str().empty()) << file;
  return text.str();
}

TEST(ShippedQueries, OfTheDashboardAskForWhatThereIs) {
  const auto dashboard = Poco::JSON::Parser().parse(text_of("/grafana/authd.json")).extract<Poco::JSON::Object::Ptr>();
  const auto panels = dashboard->getArray("panels");
  ASSERT_GT(panels->size(), 10U);
  for (unsigned i = 0; i < panels->size(); ++i) {
    const auto targets = panels->getObject(i)->getArray("targets");
    ASSERT_GT(targets->size(), 0U);
    for (unsigned j = 0; j < targets->size(); ++j) expect_known(targets->getObject(j)->getValue<std::string>("expr"));
  }
}

TEST(ShippedQueries, OfTheAlertsAskForWhatThereIs) {
  const std::string rules = text_of("/prometheus/alerts.yml");
  int found = 0;
  for (const char* pattern : {"expr: \\|\n((?: {10}[^\n]*\n)+)", "expr: ([^|\n][^\n]*)\n"}) {
    for (const auto& match : test::matches(pattern, rules)) {
      expect_known(match[1]);
      ++found;
    }
  }
  EXPECT_EQ(found, 10);
}

} // namespace
} // namespace authd::telemetry
