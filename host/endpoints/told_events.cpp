// SPDX-License-Identifier: Apache-2.0
#include "endpoints/told_events.h"

#include <utility>

#include "base/call.h"

namespace authd::endpoints {

void ToldEvents::add(const modules::Event& event) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMostWaiting) return dropped_(event, "too many events wait for the module");
    waiting_.push_back(event);
    if (telling_) return;
    telling_ = true;
  }
  if (share_->submit([self = shared_from_this()] { self->tell_all(); })) return;
  const std::lock_guard lock(mutex_); // the next event tries again
  telling_ = false;
}

void ToldEvents::tell_all() {
  for (;;) {
    modules::Event next;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) {
        telling_ = false;
        return;
      }
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    tell(next);
  }
}

void ToldEvents::tell(const modules::Event& event) const {
  std::string why;
  for (unsigned i = 0; i < kTries; ++i) {
    Call call(steady_now() + timeout_);
    const CallStatus status = module_.on_event(call, event.type, event.subject, event.json);
    if (status == CallStatus::ok) return;
    why = call.take_failure(status).message;
  }
  dropped_(event, why);
}

} // namespace authd::endpoints
