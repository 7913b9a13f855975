// SPDX-License-Identifier: Apache-2.0
#include "net/race.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>

namespace authd::net {
namespace {

constexpr milliseconds kLongestDelay{250};
constexpr milliseconds kShortestDelay{10};

std::string text_of(int error) { return std::system_category().message(error); }

void set_options(int fd, int family) {
  if (family == AF_UNIX) return;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

class Attempt {
 public:
  explicit Attempt(const Address& to)
      : address_(to), fd_(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    if (fd_.get() >= 0) set_options(fd_.get(), to.family());
    if (fd_.get() >= 0 && ::connect(fd_.get(), to.get(), to.length()) == 0) {
      connected_ = true;
    } else if (fd_.get() < 0 || errno != EINPROGRESS) {
      fail(errno);
    }
  }

  bool pending() const { return !connected_ && why_.empty(); }
  bool connected() const { return connected_; }
  pollfd to_poll() const { return {fd_.get(), POLLOUT, 0}; }
  // Once poll(2) has reported it.
  void settle() {
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return fail(error);
    connected_ = true;
  }
  RaceEnd::Winner take() { return {address_, std::move(fd_)}; }
  RaceEnd::Loser lose() const { return {address_, pending() ? "no answer in time" : why_}; }

 private:
  void fail(int error) {
    why_ = text_of(error);
    fd_ = Descriptor();
  }

  Address address_;
  Descriptor fd_;
  bool connected_ = false;
  std::string why_; // not empty: it has failed
};

class Race {
 public:
  Race(const Addresses& addresses, milliseconds delay, const Deadline& deadline)
      : addresses_(addresses), most_(std::min(addresses.size(), kMostAddresses)), delay_(delay), deadline_(deadline) {}

  RaceEnd run() {
    while (!winner() && !all_failed() && !deadline_.over()) {
      if (is_time_for_the_next()) {
        begin_next();
      } else {
        await();
      }
    }
    return end();
  }

 private:
  using Attempts = std::vector<Attempt>;

  std::optional<Attempts::difference_type> winner() {
    const auto found = std::find_if(attempts_.begin(), attempts_.end(), std::mem_fn(&Attempt::connected));
    return found != attempts_.end() ? std::optional(found - attempts_.begin()) : std::nullopt;
  }
  bool any_pending() const { return std::any_of(attempts_.begin(), attempts_.end(), std::mem_fn(&Attempt::pending)); }
  bool untried() const { return attempts_.size() < most_; }
  bool all_failed() const { return !untried() && !any_pending(); }
  bool is_time_for_the_next() const {
    return untried() && (attempts_.empty() || !attempts_.back().pending() || SteadyClock::now() >= next_);
  }

  void begin_next() {
    attempts_.emplace_back(addresses_[attempts_.size()]);
    next_ = SteadyClock::now() + delay_;
  }

  void await() {
    std::vector<pollfd> fds;
    std::vector<Attempt*> of;
    for (Attempt& attempt : attempts_) {
      if (!attempt.pending()) continue;
      fds.push_back(attempt.to_poll());
      of.push_back(&attempt);
    }
    if (deadline_.await(fds, untried() ? next_ : SteadyTime::max()) != Deadline::Woken::ready) return;
    for (std::size_t i = 0; i < fds.size(); ++i)
      if (fds[i].revents != 0) of[i]->settle();
  }

  RaceEnd end() {
    RaceEnd end;
    const auto won = winner();
    const auto last = won ? attempts_.begin() + *won : attempts_.end();
    for (auto attempt = attempts_.begin(); attempt != last; ++attempt) end.losers.push_back(attempt->lose());
    if (won) end.winner = last->take();
    return end;
  }

  const Addresses& addresses_;
  const std::size_t most_;
  const milliseconds delay_;
  const Deadline& deadline_;
  Attempts attempts_; // in the order of their addresses
  SteadyTime next_{};
};

} // namespace

milliseconds attempt_delay(std::size_t addresses, milliseconds patience) {
  const auto turns = static_cast<milliseconds::rep>(std::min(addresses, kMostAddresses)) + 1;
  return std::clamp(patience / turns, kShortestDelay, kLongestDelay);
}

RaceEnd race(const Addresses& addresses, milliseconds delay, const Deadline& deadline) {
  return Race(addresses, delay, deadline).run();
}

} // namespace authd::net
