// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace authd::http {

// Buffers that only busy connections hold. The last one given back is the first one taken, so that one
// buffer that stays in the processor's cache serves request after request. For one thread.
//
// T has `bool recycle()`, which empties it and says whether it is small enough to keep.
template <class T>
class Pool {
 public:
  template <class... Args>
  std::unique_ptr<T> take(Args&&... args) {
    if (spare_.empty()) return std::make_unique<T>(std::forward<Args>(args)...);
    std::unique_ptr<T> item = std::move(spare_.back());
    spare_.pop_back();
    return item;
  }

  void give(std::unique_ptr<T> item) {
    if (item != nullptr && spare_.size() < kMaxSpare && item->recycle()) spare_.push_back(std::move(item));
  }

 private:
  static constexpr std::size_t kMaxSpare = 64;
  std::vector<std::unique_ptr<T>> spare_;
};

} // namespace authd::http
