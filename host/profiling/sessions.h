// SPDX-License-Identifier: Apache-2.0
// Profiling sessions and their reports: one at a time; each ends by itself after a minute. For one thread (see
// worker.h); time is passed in.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "profiling/profile.h"
#include "profiling/recording.h"

namespace authd::profiling {

// What a configuration says of it; a reload may bring another.
struct Settings {
  std::string folder;
  bool auto_generate = false; // reports are written when a session stops, else when somebody asks for one
};

struct Session {
  std::string id; // "profile-<ms>-<random>"
  Type type = Type::cpu;
  WallTime started;
  std::optional<WallTime> stopped; // none: it runs
  bool stopped_by_itself = false;
  std::int64_t samples = 0;
  std::int64_t lost = 0;                    // Recording::lost
  std::vector<std::string> blocked_threads; // Recording::blocked_threads
  std::string error;                        // its reports could not be written; empty: nothing failed
};

struct Report {
  std::string name;
  std::string session;
  Type type = Type::cpu;
  std::string_view format;
  std::optional<std::uint64_t> bytes; // none: it is not written yet
  std::optional<WallTime> written;
};

// Why something is refused: `status` is that of HTTP.
struct Objection {
  int status = 400;
  std::string why;
};
template <class T>
using Outcome = Result<T, Objection>;

class Sessions {
 public:
  static constexpr milliseconds kLongest{60'000};
  static constexpr std::size_t kRemembered = 16; // sessions that have ended

  // The sources must outlive it.
  Sessions(Source& cpu, Source& heap, milliseconds longest = kLongest) : cpu_(cpu), heap_(heap), longest_(longest) {}
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  Outcome<Session> start(Type type, const Settings& settings, SteadyTime now);
  Outcome<Session> stop();
  // Ends a session whose time is up. Returns when it is to be called next; nullopt: no session runs.
  std::optional<SteadyTime> tick(SteadyTime now);

  bool is_running() const { return running_.has_value(); }
  const std::deque<Session>& all() const { return all_; } // the oldest first
  milliseconds longest() const { return longest_; }

  Outcome<std::vector<Report>> reports(const Settings& settings) const;
  // The content. A report that is not written yet is written.
  Outcome<std::string> report(std::string_view name, const Settings& settings);
  // Removes all reports of ours, those too that are not written yet. Returns their names.
  Outcome<std::vector<std::string>> clean_up(const Settings& settings);

 private:
  struct Running {
    Source& source;
    Settings settings;
    SteadyTime until;
  };
  Session& finish(bool by_itself);
  void write(const Profile& profile, const std::string& session, const Settings& settings) const;
  void remember(Session session);

  Source& cpu_;
  Source& heap_;
  const milliseconds longest_;
  std::optional<Running> running_; // the session is all_.back()
  std::deque<Session> all_;
  std::map<std::string, Profile, std::less<>> unwritten_; // by session
};

} // namespace authd::profiling
