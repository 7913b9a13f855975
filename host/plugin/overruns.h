// SPDX-License-Identifier: Apache-2.0
// Says who does not come back from a plugin, while it lasts: nothing can end a plugin's call but the plugin,
// so an operator must learn whom a request, a reload or an exit waits for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/log.h"
#include "plugin/calls_under_way.h"

namespace authd::plugin {

// Of one thread, which looks about once a second. Takes no lock and allocates only when a thread is new to it
// or there is something to say.
class Overruns {
 public:
  explicit Overruns(Log& log) : log_(log) {}

  // Logs each call that is a second past its deadline; one without a deadline when it was seen for ten
  // seconds. Again ten seconds later, then at intervals that double, up to ten minutes.
  void look(SteadyTime now);

  // What was under way at the last look, the one longest past its deadline first: "stop of cache-redis, ..."
  // Empty: nothing.
  std::string holders() const;
  CallUnderWay first_holder() const; // callee is null: none

 private:
  struct Track {
    CallUnderWay call; // callee is null: none
    bool present = false;
    SteadyTime seen{}; // first
    SteadyTime next_report{};
    seconds interval{0};
  };
  void follow(const CallUnderWay& call, SteadyTime now);
  void report(Track& track, SteadyTime now);
  std::vector<const Track*> ordered() const;
  static SteadyTime due(const Track& track);

  Log& log_;
  std::vector<Track> tracks_; // by number of the thread
};

} // namespace authd::plugin
