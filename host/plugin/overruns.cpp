// SPDX-License-Identifier: Apache-2.0
#include "plugin/overruns.h"

#include <algorithm>

#include <fmt/format.h>

namespace authd::plugin {
namespace {

// A call that notices its deadline needs a moment to come back.
constexpr seconds kGrace{1};
// For a call without a deadline: a tier that never blocks, so it should take microseconds.
constexpr seconds kWithoutDeadline{10};
constexpr seconds kFirstInterval{10};
constexpr seconds kLongestInterval{600};

std::int64_t elapsed_s(SteadyTime since, SteadyTime now) {
  return std::chrono::duration_cast<seconds>(now - since).count();
}

} // namespace

// From when on the call is late.
SteadyTime Overruns::due(const Track& track) {
  const bool unlimited = track.call.deadline == SteadyTime::max();
  return unlimited ? track.seen + kWithoutDeadline : track.call.deadline;
}

void Overruns::look(SteadyTime now) {
  for (Track& track : tracks_) track.present = false;
  visit_calls_under_way([this, now](const CallUnderWay& call) { follow(call, now); });
  for (Track& track : tracks_) {
    if (!track.present) track.call = {};
    if (track.call.callee != nullptr && now >= track.next_report) report(track, now);
  }
}

void Overruns::follow(const CallUnderWay& call, SteadyTime now) {
  if (call.thread >= tracks_.size()) tracks_.resize(call.thread + 1);
  Track& track = tracks_[call.thread];
  track.present = true;
  if (track.call.callee == call.callee && track.call.sequence == call.sequence) return;
  track = {call, true, now, {}, kFirstInterval};
  const bool at_once = call.deadline == SteadyTime::max() || call.operation == kFirstPass; // all of a reactor waits
  track.next_report = due(track) + (at_once ? seconds(0) : kGrace);
}

void Overruns::report(Track& track, SteadyTime now) {
  const CallUnderWay& call = track.call;
  const bool unlimited = call.deadline == SteadyTime::max();
  const auto text = unlimited ? fmt::format("{} of {} has not returned for {} s", call.operation, call.callee->instance,
                                            elapsed_s(track.seen, now))
                              : fmt::format("{} of {} has not returned {} s after its deadline", call.operation,
                                            call.callee->instance, elapsed_s(call.deadline, now));
  log_.write(Level::warn, "plugin-overrun", text,
             {{"authd.plugin.id", call.callee->plugin_id},
              {"authd.plugin.instance", call.callee->instance},
              {"authd.plugin.operation", call.operation}});
  track.next_report = now + track.interval;
  track.interval = std::min(2 * track.interval, kLongestInterval);
}

std::vector<const Overruns::Track*> Overruns::ordered() const {
  std::vector<const Track*> out;
  for (const Track& track : tracks_)
    if (track.call.callee != nullptr) out.push_back(&track);
  std::sort(out.begin(), out.end(), [](const Track* a, const Track* b) { return due(*a) < due(*b); });
  return out;
}

std::string Overruns::holders() const {
  std::string text;
  for (const Track* track : ordered()) {
    const CallUnderWay& call = track->call;
    text += fmt::format("{}{} of {}", text.empty() ? "" : ", ", call.operation, call.callee->instance);
  }
  return text;
}

CallUnderWay Overruns::first_holder() const {
  const auto calls = ordered();
  return calls.empty() ? CallUnderWay{} : calls.front()->call;
}

} // namespace authd::plugin
