// SPDX-License-Identifier: Apache-2.0
#include "plugin/mapped_library.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include <dlfcn.h>
#include <fmt/format.h>

namespace authd::plugin {
namespace {

std::atomic<ExitHook> exit_hook{nullptr};

extern "C" void run_exit_hook() {
  if (const ExitHook hook = exit_hook.load()) hook();
}

struct Mapped {
  std::string sha256;
  void* handle;
};

// What authd has mapped, by path. One for the process, as the dynamic linker's own list is; it must know what
// that one hides: dlopen takes a path that it has seen for the file of then, and an inode for the bytes of
// then.
class MappedLibraries {
 public:
  Result<void*, Refusal> map(const std::string& path, const std::string& sha256) {
    const std::lock_guard lock(mutex_);
    auto& [versions, names] = by_path_[path];
    const auto same =
        std::find_if(versions.begin(), versions.end(), [&](const Mapped& mapped) { return mapped.sha256 == sha256; });
    if (same != versions.end()) return same->handle;
    void* handle = ::dlopen(unseen_name(path, names++).c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr)
      return refuse(RefusalCode::not_linkable, path, fmt::format("cannot be linked: {}", ::dlerror()),
                    "Install the libraries it needs, or link it with -Wl,-z,defs to find what is undefined");
    if (holds_other_bytes(handle, sha256))
      return refuse(RefusalCode::written_over, path, "was overwritten while authd had it loaded",
                    "Restart authd, and install plugins by renaming a new file over the old one");
    versions.push_back({sha256, handle});
    register_exit_hook();
    return handle;
  }

 private:
  // The same file under a name that the dynamic linker has not seen yet.
  static std::string unseen_name(const std::string& path, std::size_t names_before) {
    std::string name = path;
    for (std::size_t i = 0; i < names_before; ++i) name.insert(name.rfind('/'), "/.");
    return name;
  }

  // The linker had this very file already, under whichever path, when it held something else.
  bool holds_other_bytes(const void* handle, const std::string& sha256) const {
    return std::any_of(by_path_.begin(), by_path_.end(), [&](const auto& entry) {
      const std::vector<Mapped>& versions = entry.second.versions;
      return std::any_of(versions.begin(), versions.end(),
                         [&](const Mapped& mapped) { return mapped.handle == handle && mapped.sha256 != sha256; });
    });
  }

  std::mutex mutex_;
  struct Path {
    std::vector<Mapped> versions;
    std::size_t names = 0; // given to the linker so far; it keeps those of files that were refused, too
  };
  std::map<std::string, Path> by_path_;
};

} // namespace

void set_exit_hook(ExitHook hook) { exit_hook.store(hook); }

void register_exit_hook() {
  // Without memory for one more, an earlier registration of it still comes, only later.
  [[maybe_unused]] const int refused = std::atexit(&run_exit_hook);
}

Result<void*, Refusal> map_library(const std::string& path, const std::string& sha256) {
  static MappedLibraries libraries;
  return libraries.map(path, sha256);
}

} // namespace authd::plugin
