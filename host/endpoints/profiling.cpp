// SPDX-License-Identifier: Apache-2.0
#include "endpoints/profiling.h"

#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "endpoints/access_rules.h"
#include "endpoints/operations/profiling.h"
#include "http/problem.h"
#include "profiling/report_folder.h"

namespace authd::endpoints {
namespace {

using profiling::Session;
using profiling::Sessions;

constexpr std::string_view kJson = "application/json";
// Naming what a minute of a busy machine recorded, and writing it.
constexpr seconds kPatience{60};
constexpr std::string_view kHowToEnable =
    "Profiling is disabled; set profiling.enabled = true (or PROFILING_ENABLED=true) and restart authd; a "
    "reload is enough for CPU profiles. Production refuses it.";

// The first parameter of that name, as sent: no value of ours needs to be encoded.
std::optional<std::string_view> parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) == name) {
      return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    }
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return std::nullopt;
}

// "cpu" when none is named.
std::optional<profiling::Type> type_in(std::string_view query) {
  const std::string_view name = parameter(query, "type").value_or("cpu");
  if (name == "cpu") return profiling::Type::cpu;
  if (name == "heap") return profiling::Type::heap;
  return std::nullopt;
}

void write_time(JsonWriter& json, std::string_view name, const std::optional<WallTime>& time) {
  json.key(name);
  time ? json.value(iso8601(*time)) : json.null();
}

void write_members(JsonWriter& json, const Session& session) {
  const WallTime until = session.stopped.value_or(wall_now());
  json.member("sessionId", session.id).member("status", session.stopped ? "completed" : "running");
  json.member("type", name_of(session.type));
  write_time(json, "startedAt", session.started);
  write_time(json, "stoppedAt", session.stopped);
  json.member("duration", std::chrono::duration_cast<milliseconds>(until - session.started).count());
  json.member("stoppedAutomatically", session.stopped_by_itself);
  json.member("samples", session.samples).member("lostSamples", session.lost);
  json.key("unsampledThreads").begin_array();
  for (const std::string& thread : session.blocked_threads) json.value(thread);
  json.end_array();
  if (!session.error.empty()) json.member("error", session.error);
}

void write_reports(JsonWriter& json, const Session& session) {
  json.key("reports").begin_array();
  if (session.stopped) {
    for (const std::string& name : report_names(session.id, session.type)) json.value(name);
  }
  json.end_array();
}

http::Continuation json_answer(std::string body) {
  return [body = std::move(body)](http::Exchange& e) { e.respond(200, kJson, body); };
}

http::Continuation problem_answer(const profiling::Objection& objection) {
  return [objection](http::Exchange& e) { http::respond_http_problem(e, objection.status, objection.why); };
}

std::string body_about(const Session& session, std::string_view message) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("enabled", true).member("message", message);
  write_members(json, session);
  write_reports(json, session);
  json.member("timestamp", iso8601(wall_now())).end_object();
  return body;
}

std::string started_body(const Session& session, milliseconds longest) {
  return body_about(session, fmt::format("The {} session stops by itself after {} s", name_of(session.type),
                                         std::chrono::duration_cast<seconds>(longest).count()));
}

std::string status_body(const Sessions& sessions) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("enabled", true).key("sessionId");
  sessions.is_running() ? json.value(sessions.all().back().id) : json.null();
  json.key("sessions").begin_array();
  for (const Session& session : sessions.all()) {
    json.begin_object();
    write_members(json, session);
    write_reports(json, session);
    json.end_object();
  }
  json.end_array().member("timestamp", iso8601(wall_now())).end_object();
  return body;
}

std::string reports_body(const std::vector<profiling::Report>& reports) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("enabled", true).key("reports").begin_array();
  for (const profiling::Report& report : reports) {
    json.begin_object().member("file", report.name).member("sessionId", report.session);
    json.member("type", name_of(report.type)).member("format", report.format).key("size");
    report.bytes ? json.value(static_cast<std::int64_t>(*report.bytes)) : json.null();
    write_time(json, "writtenAt", report.written);
    json.end_object();
  }
  json.end_array().member("total", static_cast<std::int64_t>(reports.size()));
  json.member("timestamp", iso8601(wall_now())).end_object();
  return body;
}

std::string cleaned_body(const std::vector<std::string>& names) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("enabled", true).member("message", fmt::format("Removed {} reports", names.size()));
  json.key("cleaned").begin_array();
  for (const std::string& name : names) json.value(name);
  json.end_array().member("timestamp", iso8601(wall_now())).end_object();
  return body;
}

std::string disabled_body(std::string_view empty) {
  std::string message;
  append_json_string(message, kHowToEnable);
  return fmt::format(R"({{"enabled":false,"sessionId":null,"message":{}{}}})", message, empty);
}

http::Continuation file_answer(std::string name, std::string content) {
  return [name = std::move(name), content = std::move(content)](http::Exchange& e) {
    const std::string disposition = fmt::format("attachment; filename=\"{}\"", name);
    e.respond(200, profiling::parse_report_name(name)->content_type, content,
              {{"Content-Disposition", disposition}, {"X-Content-Type-Options", "nosniff"}});
  };
}

} // namespace

void ProfilingEndpoints::add_to(http::Router& router) {
  if (config_.environment == config::Environment::production) return;
  const auto add = [&](const http::Operation& operation, void (ProfilingEndpoints::*answer)(http::Exchange&) const,
                       std::string_view empty = {}) {
    router.add({operation, guarded([this, answer](http::Exchange& e) { (this->*answer)(e); }, empty)});
  };
  add(operations::kStartProfiling, &ProfilingEndpoints::start);
  add(operations::kStopProfiling, &ProfilingEndpoints::stop);
  add(operations::kProfilingStatus, &ProfilingEndpoints::status, R"(,"sessions":[])");
  add(operations::kListProfiles, &ProfilingEndpoints::reports, R"(,"reports":[],"total":0)");
  add(operations::kGetProfile, &ProfilingEndpoints::report);
  add(operations::kCleanUpProfiles, &ProfilingEndpoints::clean_up, R"(,"cleaned":[])");
}

http::Handler ProfilingEndpoints::guarded(http::Handler handler, std::string_view empty) const {
  return for_trusted([this, handler = std::move(handler), empty](http::Exchange& e) {
    if (!config_.profiling.enabled) return e.respond(200, kJson, disabled_body(empty));
    handler(e);
  });
}

profiling::Settings ProfilingEndpoints::settings() const {
  return {config_.profiling.output_dir, config_.profiling.auto_generate};
}

void ProfilingEndpoints::on_worker(http::Exchange& exchange, Work work) const {
  const http::Ticket ticket = exchange.defer(steady_now() + kPatience, [](http::Exchange& e) {
    http::respond_http_problem(e, 504, "The operation is taking longer than a minute; ask for its outcome later");
  });
  const bool taken =
      worker_.post([ticket, work = std::move(work)](Sessions& sessions) { ticket.resume(work(sessions)); });
  if (!taken) http::respond_http_problem(exchange, 503, "Too many profiling operations are queued");
}

void ProfilingEndpoints::start(http::Exchange& exchange) const {
  const auto type = type_in(exchange.request().query);
  if (!type) {
    return http::respond_problem(exchange, {Code::malformed_request, "\"type\" must be cpu or heap", {}});
  }
  on_worker(exchange, [type = *type, settings = settings()](Sessions& sessions) {
    const auto session = sessions.start(type, settings, steady_now());
    return session ? json_answer(started_body(*session, sessions.longest())) : problem_answer(session.error());
  });
}

void ProfilingEndpoints::stop(http::Exchange& exchange) const {
  on_worker(exchange, [](Sessions& sessions) {
    const auto session = sessions.stop();
    return session ? json_answer(body_about(*session, "The session has stopped")) : problem_answer(session.error());
  });
}

void ProfilingEndpoints::status(http::Exchange& exchange) const {
  on_worker(exchange, [](Sessions& sessions) { return json_answer(status_body(sessions)); });
}

void ProfilingEndpoints::reports(http::Exchange& exchange) const {
  on_worker(exchange, [settings = settings()](Sessions& sessions) {
    const auto reports = sessions.reports(settings);
    return reports ? json_answer(reports_body(*reports)) : problem_answer(reports.error());
  });
}

void ProfilingEndpoints::report(http::Exchange& exchange) const {
  std::string name(parameter(exchange.request().query, "file").value_or(""));
  on_worker(exchange, [settings = settings(), name = std::move(name)](Sessions& sessions) {
    auto content = sessions.report(name, settings);
    return content ? file_answer(name, *std::move(content)) : problem_answer(content.error());
  });
}

void ProfilingEndpoints::clean_up(http::Exchange& exchange) const {
  on_worker(exchange, [settings = settings()](Sessions& sessions) {
    const auto cleaned = sessions.clean_up(settings);
    return cleaned ? json_answer(cleaned_body(*cleaned)) : problem_answer(cleaned.error());
  });
}

} // namespace authd::endpoints
