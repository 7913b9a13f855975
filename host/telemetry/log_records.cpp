// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_records.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "telemetry/shown.h"

namespace authd::telemetry {
namespace {

// So that a bounded number of records is bounded memory: a path may be as long as server.url_limit.
constexpr std::size_t kTextBytes = 1024;

// "queue ok 12000 ns, read redis miss 340000 ns": attributes have no lists of tables.
std::string text_of(const TimedSteps& steps) {
  std::string text;
  for (const TimedStep& step : steps.all()) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{}{}{} {} {} ns", step.name, step.tier.empty() ? "" : " ", step.tier, step.result,
                        step.duration.count());
  }
  return text;
}

struct ToAttribute {
  using Value = decltype(Attribute::value);
  Value operator()(std::string_view text) const { return std::string(cut(text, kTextBytes)); }
  Value operator()(const TimedSteps* steps) const { return text_of(*steps); }
  template <class Number>
  Value operator()(Number number) const {
    return number;
  }
};

void add(LogRecord& record, const Field& field) {
  const auto* text = std::get_if<std::string_view>(&field.value);
  if (text != nullptr && field.name == "trace.id") {
    record.trace = trace_id_of(*text);
  } else if (text != nullptr && field.name == "span.id") {
    record.span = span_id_of(*text);
  } else if (auto value = std::visit(ToAttribute(), field.value); value != ToAttribute::Value(std::string())) {
    record.attributes.push_back({field.name, std::move(value)});
  }
}

} // namespace

void LogRecords::on_event(const LogEvent& event) {
  LogRecord record{event.at, event.level, std::string(event.action), std::string(event.message), {}, {}, {}};
  record.attributes.reserve(event.fields.size());
  for (const Field& field : event.fields) add(record, field);
  sink_.offer(std::move(record));
}

} // namespace authd::telemetry
