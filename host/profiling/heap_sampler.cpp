// SPDX-License-Identifier: Apache-2.0
#include "profiling/heap_sampler.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <dlfcn.h>
#include <unistd.h>

namespace authd::profiling {
namespace {

constexpr const char* kLibrary = "libtcmalloc.so.4"; // Debian's libgoogle-perftools4
constexpr const char* kPreload = "LD_PRELOAD";
constexpr const char* kPeriodVariable = "TCMALLOC_SAMPLE_PARAMETER";
constexpr const char* kPeriod = "524288"; // bytes; costs less than what can be measured

// MallocExtension (gperftools/malloc_extension.h): looked up at run time, so that a daemon without profiling does not
// load the library.
class TcmallocExtension {
 public:
  TcmallocExtension()
      : instance_(find<void* (*)()>("_ZN15MallocExtension8instanceEv")),
        sample_(find<void (*)(void*, std::string*)>("_ZN15MallocExtension13GetHeapSampleEPNSt7__cxx1112basic_string"
                                                    "IcSt11char_traitsIcESaIcEEE")) {}
  bool is_there() const { return instance_ != nullptr && sample_ != nullptr; }
  std::string heap_sample() const {
    std::string text;
    sample_(instance_(), &text);
    return text;
  }

 private:
  template <class Function>
  static Function find(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_DEFAULT, name));
  }

  void* (*instance_)();
  void (*sample_)(void*, std::string*);
};

bool can_be_loaded() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false; // they are allocators themselves
#else
  return ::dlopen(kLibrary, RTLD_LAZY | RTLD_LOCAL) != nullptr;
#endif
}

std::string value_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

// The sampler of the main thread is older than tcmalloc's reading of the variable. It looks again after 16 MiB.
void wake_sampler_of_this_thread() {
  constexpr std::size_t kBytes = 32 * 1024 * 1024; // never touched
  void* volatile memory = std::malloc(kBytes);
  std::free(memory);
}

// "  2: 2048 [  2: 2048] @ 0x55d0 0x55e1": live objects and bytes, all that were allocated, stack.
bool parse_line(const std::string& line, Sample& sample) {
  std::istringstream in(line);
  char colon = 0;
  if (!(in >> sample.count >> colon >> sample.value) || colon != ':' || sample.count <= 0) return false;
  const auto at = line.find('@');
  if (at == std::string::npos) return false;
  std::istringstream addresses(line.substr(at + 1));
  // Return addresses: the call is before them.
  for (std::string word; addresses >> word;) sample.stack.push_back(std::stoull(word, nullptr, 16) - 1);
  return !sample.stack.empty();
}

// An object of `size` bytes is sampled with the probability 1 - exp(-size / period).
void scale(Sample& sample, std::int64_t period) {
  if (period <= 1) return;
  const double size = static_cast<double>(sample.value) / static_cast<double>(sample.count);
  const double factor = 1 / -std::expm1(-size / static_cast<double>(period));
  sample.count = std::llround(static_cast<double>(sample.count) * factor);
  sample.value = std::llround(static_cast<double>(sample.value) * factor);
}

std::int64_t period_in(const std::string& header) {
  constexpr std::string_view kKey = "heap_v2/";
  const auto at = header.find(kKey);
  return at == std::string::npos ? 0 : std::atoll(header.c_str() + at + kKey.size());
}

} // namespace

bool samples_heap() { return TcmallocExtension().is_there() && value_of(kPeriodVariable) != "0"; }

void restart_sampling_heap(char** arguments) {
  const std::string preloaded = value_of(kPreload);
  if (TcmallocExtension().is_there()) return wake_sampler_of_this_thread();
  if (preloaded.find(kLibrary) != std::string::npos) return; // it could not be loaded
  std::error_code error;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (error || !can_be_loaded()) return;
  const std::string list = preloaded.empty() ? kLibrary : std::string(kLibrary) + ':' + preloaded;
  ::setenv(kPreload, list.c_str(), 1);
  ::setenv(kPeriodVariable, kPeriod, 0);
  ::execv(program.c_str(), arguments); // returns only when it fails: authd goes on without
  preloaded.empty() ? ::unsetenv(kPreload) : ::setenv(kPreload, preloaded.c_str(), 1);
}

Recording parse_heap_sample(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string line;
  std::getline(lines, line);
  Recording recording;
  recording.type = Type::heap;
  recording.period = period_in(line);
  while (std::getline(lines, line) && line.find("MAPPED_LIBRARIES") == std::string::npos) {
    Sample sample;
    if (!parse_line(line, sample)) continue;
    scale(sample, recording.period);
    recording.samples.push_back(std::move(sample));
  }
  return recording;
}

std::string HeapSampler::obstacle() const {
  if (samples_heap()) return {};
  return "Heap profiles need tcmalloc: install libgoogle-perftools4 and restart authd with profiling.enabled";
}

Recording HeapSampler::stop() {
  Recording recording = parse_heap_sample(TcmallocExtension().heap_sample());
  recording.started = started_;
  recording.stopped = wall_now();
  return recording;
}

} // namespace authd::profiling
