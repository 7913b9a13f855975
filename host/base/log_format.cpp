// SPDX-License-Identifier: Apache-2.0
#include "base/log_format.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "base/json_writer.h"

namespace authd {
namespace {

constexpr std::string_view kEcsVersion = "8.11.0";

// The part of every line after its message, up to the event's name.
std::string constant_part(const Log::Options& options) {
  std::string text;
  JsonWriter(text)
      .begin_object()
      .member("ecs.version", kEcsVersion)
      .member("service.name", options.service_name)
      .member("service.version", options.service_version)
      .member("service.environment", options.environment)
      .key("event.action");
  text.front() = ',';
  return text;
}

bool is_left_out(const Field& field) {
  const auto* text = std::get_if<std::string_view>(&field.value);
  if (text != nullptr) return text->empty();
  const auto* steps = std::get_if<const TimedSteps*>(&field.value);
  return steps != nullptr && (*steps)->all().empty();
}

template <class T>
void append_value(JsonWriter& writer, const T& value) {
  writer.value(value);
}

void append_value(JsonWriter& writer, const TimedSteps* steps) {
  writer.begin_array();
  for (const TimedStep& step : steps->all()) {
    writer.begin_object().member("name", step.name);
    if (!step.tier.empty()) writer.member("tier", step.tier);
    writer.member("result", step.result);
    writer.member("duration", static_cast<std::int64_t>(step.duration.count())).end_object();
  }
  writer.end_array();
}

void append_field(std::string& out, const Field& field) {
  if (is_left_out(field)) return;
  out.append(",\"").append(field.name).append("\":");
  if (const auto* text = std::get_if<std::string_view>(&field.value)) return append_json_string_inert(out, *text);
  JsonWriter writer(out);
  std::visit([&](const auto& v) { append_value(writer, v); }, field.value);
}

// --- for people ------------------------------------------------------------------------------------------

constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::array<std::string_view, 5> kColours{"\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[1;31m"};

bool is_printable(char c) { return c >= 0x20 && c <= 0x7e; }

// As it is, if it reads as one word; else in quotes.
void append_word(std::string& out, std::string_view text) {
  const auto is_plain = [](char c) { return is_printable(c) && c != ' ' && c != '"' && c != '\\'; };
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    out += text;
  } else {
    append_json_string_inert(out, text);
  }
}

void append_milliseconds(std::string& out, std::int64_t ns) {
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{:.3f}ms"), static_cast<double>(ns) / 1e6);
}

// "queue:ok:0.012ms,list:timeout:500.120ms"
void append_steps(std::string& out, const TimedSteps& steps) {
  const char* comma = "";
  for (const TimedStep& step : steps.all()) {
    out.append(comma).append(step.name).append(":").append(step.result).append(":");
    append_milliseconds(out, step.duration.count());
    comma = ",";
  }
}

} // namespace

LogFormat::LogFormat(const Log::Options& options) : form_(options.form), constant_fields_(constant_part(options)) {}

void LogFormat::append(std::string& out, const LogEvent& event) const {
  if (form_ == LogForm::json) return append_json(out, event);
  append_text(out, event);
}

void LogFormat::append_json(std::string& out, const LogEvent& event) const {
  out += R"({"@timestamp":")";
  append_iso8601(out, event.at);
  out.append(R"(","log.level":")").append(name_of(event.level)).append(R"(","message":)");
  append_json_string_inert(out, event.message);
  out += constant_fields_;
  append_json_string_inert(out, event.action);
  for (const Field& field : event.fields) append_field(out, field);
  out += "}\n";
}

void LogFormat::paint(std::string& out, std::string_view colour) const {
  if (form_ == LogForm::coloured_text) out += colour;
}

// "13:37:00.123Z WARN  gateway call failed [gateway-call] authd.gateway.operation=list ..."
void LogFormat::append_text(std::string& out, const LogEvent& event) const {
  std::string time;
  append_iso8601(time, event.at);
  out.append(time, time.find('T') + 1).append(" ");
  paint(out, kColours[static_cast<std::size_t>(event.level)]);
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{:<5}"), name_of(event.level));
  paint(out, kPlain);
  out += ' ';
  if (std::all_of(event.message.begin(), event.message.end(), is_printable)) {
    out += event.message;
  } else {
    append_json_string_inert(out, event.message);
  }
  paint(out, kDim);
  out.append(" [").append(event.action).append("]");
  paint(out, kPlain);
  for (const Field& field : event.fields) append_text_field(out, field);
  out += '\n';
}

void LogFormat::append_text_field(std::string& out, const Field& field) const {
  if (is_left_out(field)) return;
  out += ' ';
  paint(out, kDim);
  out.append(field.name).append("=");
  paint(out, kPlain);
  if (const auto* text = std::get_if<std::string_view>(&field.value)) return append_word(out, *text);
  if (const auto* steps = std::get_if<const TimedSteps*>(&field.value)) return append_steps(out, **steps);
  const auto* number = std::get_if<std::int64_t>(&field.value);
  if (number != nullptr && field.name == "event.duration") return append_milliseconds(out, *number);
  JsonWriter writer(out);
  std::visit([&](const auto& v) { append_value(writer, v); }, field.value);
}

} // namespace authd
