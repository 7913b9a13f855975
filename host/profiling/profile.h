// SPDX-License-Identifier: Apache-2.0
// A recording with names instead of addresses: what the writers of pprof and of Chrome's formats take. It holds names
// of functions, files and threads, and numbers: no data of the process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "profiling/recording.h"

namespace authd::profiling {

struct Frame {
  std::string function; // demangled; "file+0x12ab" where the file has no symbol for it
  std::string object;   // file name of the executable or library; empty: unknown
  bool operator==(const Frame&) const = default;
};

struct NamedSample {
  std::vector<std::uint32_t> stack; // indexes of Profile::frames, the innermost first
  std::string thread;               // heap: empty
  std::int64_t count = 0;           // cpu: periods; heap: live objects
  std::int64_t value = 0;           // cpu: ns; heap: bytes
};

struct Profile {
  Type type = Type::cpu;
  std::string program; // Frame::object of the executable
  WallTime started;
  WallTime stopped;
  std::int64_t period = 0; // cpu: ns between two samples of a thread; heap: mean bytes between two samples
  std::vector<Frame> frames;
  std::vector<NamedSample> samples; // cpu: thread by thread, and in the order of time within one
};

// Looks up the names of what is mapped into this process now. Reads the files behind the mappings. [may-block]
Profile name(const Recording& recording);

// In Chrome DevTools' Performance panel (.cpuprofile, the type Profiler.Profile of its protocol). The time axis is CPU
// time, one thread after the other, because the format knows one thread: so each function's time is the CPU time that
// it took, and no idle time has to be invented.
std::string to_cpuprofile(const Profile& profile);

// In its Memory panel (.heapprofile, the type HeapProfiler.SamplingHeapProfile).
std::string to_heapprofile(const Profile& profile);

// profile.proto of github.com/google/pprof, compressed by gzip. Throws std::bad_alloc.
std::string to_pprof(const Profile& profile);

} // namespace authd::profiling
