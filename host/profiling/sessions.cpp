// SPDX-License-Identifier: Apache-2.0
#include "profiling/sessions.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/random.h"
#include "profiling/report_folder.h"

namespace authd::profiling {
namespace {

// How often threads that are new are looked for.
constexpr milliseconds kStep{100};

std::string new_id(WallTime now) {
  std::uint32_t random = 0;
  random_bytes(&random, sizeof(random));
  return fmt::format("profile-{}-{:08x}", unix_millis(now), random);
}

tl::unexpected<Objection> refuse(int status, std::string why) {
  return tl::unexpected(Objection{status, std::move(why)});
}

std::string content_of(const Profile& profile, std::string_view format) {
  if (format == "pprof") return to_pprof(profile);
  return profile.type == Type::cpu ? to_cpuprofile(profile) : to_heapprofile(profile);
}

Report report_of(const std::string& name) {
  const auto parts = parse_report_name(name);
  return {name, parts->session, parts->type, parts->format, std::nullopt, std::nullopt};
}

// What the file system refuses is no fault of the request.
template <class Work>
auto guarded(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& error) {
    return refuse(500, error.what());
  }
}

} // namespace

Sessions::~Sessions() {
  if (running_) running_->source.stop();
}

void Sessions::remember(Session session) {
  all_.push_back(std::move(session));
  if (all_.size() <= kRemembered) return;
  unwritten_.erase(all_.front().id);
  all_.pop_front();
}

// The folder is opened first: that it cannot be written to is better known now than in a minute.
Outcome<Session> Sessions::start(Type type, const Settings& settings, SteadyTime now) {
  if (running_) {
    return refuse(400,
                  fmt::format("Session {} is running; stop it first (POST /debug/profiling/stop)", all_.back().id));
  }
  Source& source = type == Type::cpu ? cpu_ : heap_;
  if (std::string why = source.obstacle(); !why.empty()) return refuse(400, std::move(why));
  return guarded([&]() -> Outcome<Session> {
    const ReportFolder folder(settings.folder);
    Session session;
    session.started = wall_now();
    session.id = new_id(session.started);
    session.type = type;
    source.start();
    running_.emplace(Running{source, settings, now + longest_});
    remember(std::move(session));
    return all_.back();
  });
}

Outcome<Session> Sessions::stop() {
  if (!running_) return refuse(400, "No session is running; start one with POST /debug/profiling/start");
  return finish(false);
}

std::optional<SteadyTime> Sessions::tick(SteadyTime now) {
  if (!running_) return std::nullopt;
  if (now >= running_->until) {
    finish(true);
    return std::nullopt;
  }
  running_->source.keep_up();
  return std::min(now + kStep, running_->until);
}

Session& Sessions::finish(bool by_itself) {
  Session& session = all_.back();
  const Recording recording = running_->source.stop();
  const Settings settings = std::exchange(running_, std::nullopt)->settings;
  session.stopped = recording.stopped;
  session.stopped_by_itself = by_itself;
  session.samples = static_cast<std::int64_t>(recording.samples.size());
  session.lost = recording.lost;
  session.blocked_threads = recording.blocked_threads;
  try {
    Profile profile = name(recording);
    const auto kept = unwritten_.emplace(session.id, std::move(profile)).first;
    if (!settings.auto_generate) return session;
    write(kept->second, session.id, settings);
    unwritten_.erase(kept);
  } catch (const std::exception& error) {
    session.error = error.what();
  }
  return session;
}

void Sessions::write(const Profile& profile, const std::string& session, const Settings& settings) const {
  const ReportFolder folder(settings.folder);
  for (const std::string& file : report_names(session, profile.type)) {
    folder.write(file, content_of(profile, parse_report_name(file)->format));
  }
}

Outcome<std::vector<Report>> Sessions::reports(const Settings& settings) const {
  return guarded([&]() -> Outcome<std::vector<Report>> {
    std::map<std::string, Report> found;
    for (const auto& [session, profile] : unwritten_) {
      for (const std::string& file : report_names(session, profile.type)) found.emplace(file, report_of(file));
    }
    for (const ReportFile& file : ReportFolder(settings.folder).files()) {
      Report& report = found.insert_or_assign(file.name, report_of(file.name)).first->second;
      report.bytes = file.bytes;
      report.written = file.written;
    }
    std::vector<Report> all;
    for (auto& [file, report] : found) all.push_back(std::move(report));
    return all;
  });
}

Outcome<std::string> Sessions::report(std::string_view wanted, const Settings& settings) {
  const auto parts = parse_report_name(wanted);
  if (!parts) return refuse(400, "\"file\" must be a name that GET /debug/profiling/reports lists");
  return guarded([&]() -> Outcome<std::string> {
    if (const auto kept = unwritten_.find(parts->session); kept != unwritten_.end()) {
      write(kept->second, kept->first, settings);
      unwritten_.erase(kept);
    }
    auto content = ReportFolder(settings.folder).read(std::string(wanted));
    if (!content) return refuse(404, "There is no such report; GET /debug/profiling/reports lists them");
    return *std::move(content);
  });
}

Outcome<std::vector<std::string>> Sessions::clean_up(const Settings& settings) {
  return guarded([&]() -> Outcome<std::vector<std::string>> {
    std::set<std::string> removed;
    const ReportFolder folder(settings.folder);
    for (const ReportFile& file : folder.files()) {
      folder.remove(file.name);
      removed.insert(file.name);
    }
    for (const auto& [session, profile] : unwritten_) {
      for (std::string& file : report_names(session, profile.type)) removed.insert(std::move(file));
    }
    unwritten_.clear();
    return std::vector<std::string>(removed.begin(), removed.end());
  });
}

} // namespace authd::profiling
