// SPDX-License-Identifier: Apache-2.0
// Decides when memory that readers may still be walking can be freed, without readers ever waiting.
//
// A reader counts itself into the current epoch for as long as it holds pointers. A writer that unlinks
// something keeps it under the parity of the epoch in which it unlinked it. The epoch moves from e to
// e+1 only when no reader of e-1 is left; what was unlinked in e-1 can then be seen by no reader: readers
// of e-1 are gone, and readers of e began after it was unlinked.
//
// All operations are sequentially consistent: the proof needs "count in, then look at the epoch again"
// of a reader and "move the epoch, then look at the counts" of a writer in one total order.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace authd::cache_memory {

class Epochs {
 public:
  // Held by a reader while it follows pointers. Entering is lock-free: it repeats only when a writer
  // moved the epoch meanwhile. [thread-safe]
  class Reader {
   public:
    explicit Reader(Epochs& epochs) : readers_(&epochs.enter()) {}
    ~Reader() { readers_->fetch_sub(1); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

   private:
    std::atomic<std::uint64_t>* readers_;
  };

  // For one writer at a time. Where to keep what is unlinked now: 0 or 1.
  unsigned parity() const { return static_cast<unsigned>(epoch_.load() & 1); }

  // For one writer at a time. True: the epoch moved, and what was kept under the parity that is now
  // current may be freed. False: a reader of the epoch before is still there.
  bool advance() {
    const std::uint64_t now = epoch_.load();
    if (readers_[(now + 1) & 1].count.load() != 0) return false;
    epoch_.store(now + 1);
    return true;
  }

 private:
  struct alignas(64) Count {
    std::atomic<std::uint64_t> count{0};
  };

  std::atomic<std::uint64_t>& enter() {
    for (;;) {
      const std::uint64_t seen = epoch_.load();
      auto& readers = readers_[seen & 1].count;
      readers.fetch_add(1);
      if (epoch_.load() == seen) return readers;
      readers.fetch_sub(1);
    }
  }

  std::array<Count, 2> readers_;
  std::atomic<std::uint64_t> epoch_{0};
};

} // namespace authd::cache_memory
