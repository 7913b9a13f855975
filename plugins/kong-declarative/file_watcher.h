// SPDX-License-Identifier: Apache-2.0
// Tells when something happened in a folder, on a thread of its own. The folder is watched and not the
// file, because a file is replaced by renaming another over it, or (Kubernetes) by swapping a symbolic
// link beside it; a watch on the file would stay with the old one.
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace authd::kong_declarative {

class FileWatcher {
 public:
  struct Callbacks {
    // Something was written, created, renamed or removed in the folder. Called once at the beginning,
    // too, for what happened between the caller's first read and the watch.
    std::function<void()> changed;
    // The folder cannot be watched at present (it is gone, or the kernel's limit is reached). It is tried
    // again every second, and `changed` is called when it works again.
    std::function<void(const std::string& why)> lost;
  };

  // Throws std::system_error when inotify is not available. The callbacks are called on the watcher's
  // thread, one at a time; a burst of events is one call, 100 ms after its last and at most 1 s after its
  // first, so that a file that is written in pieces is read when it is whole.
  FileWatcher(std::string folder, Callbacks callbacks);
  ~FileWatcher(); // no callback runs any more
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

 private:
  void run();
  bool add_watch();
  bool await_quiet();
  bool drain();
  bool wait(int timeout_ms, bool& stopping) const;

  const std::string folder_;
  const Callbacks callbacks_;
  int inotify_ = -1;
  int stop_ = -1; // an eventfd
  int watch_ = -1;
  int watch_error_ = 0; // errno of the last attempt
  std::thread thread_;
};

} // namespace authd::kong_declarative
