// SPDX-License-Identifier: Apache-2.0
// Profiles of which everything is known, and readers of what is written from them.
#pragma once

#include <string>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "profiling/profile.h"

namespace authd::profiling {

// Two threads: `one` was three periods in main > serve > sign, and one in main > serve; `two` one in main > sign.
inline Profile known_cpu_profile() {
  Profile profile{Type::cpu, "authd", WallTime(seconds(1'700'000'000)), WallTime(seconds(1'700'000'002)), 5'000'000,
                  {},        {}};
  profile.frames = {{"sign(\"it\")", "signer.so"}, {"serve", "authd"}, {"main", "authd"}};
  profile.samples = {{{0, 1, 2}, "one", 2, 10'000'000},
                     {{1, 2}, "one", 1, 5'000'000},
                     {{0, 1, 2}, "one", 1, 5'000'000},
                     {{0, 2}, "two", 1, 5'000'000}};
  return profile;
}

inline Profile known_heap_profile() {
  Profile profile = known_cpu_profile();
  profile.type = Type::heap;
  profile.samples = {{{0, 1, 2}, "", 3, 3000}, {{1, 2}, "", 1, 64}};
  return profile;
}

inline Poco::JSON::Object::Ptr parsed(const std::string& text) {
  return Poco::JSON::Parser().parse(text).extract<Poco::JSON::Object::Ptr>();
}

} // namespace authd::profiling
