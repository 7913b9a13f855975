// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_format.h"

namespace authd {
namespace {

constexpr std::array<std::string_view, 5> kLevels{"debug", "info", "warn", "error", "fatal"};

// POSIX: a pipe that polls writable accepts this much without blocking, so a stuck reader cannot block the writing
// thread inside write(2), where it could not be stopped.
constexpr std::size_t kPipeChunk = 4096;
constexpr std::size_t kFileChunk = 64 * 1024; // a regular file has no reader to wait for
constexpr int kPollSlice_ms = 100;

// Lines within this time are written together: waking the writing thread costs a caller more than formatting the line,
// so it is woken once per batch, and once more when the batch is large.
constexpr milliseconds kBatchTime{2};
constexpr std::size_t kFullBatch_bytes = 128 * 1024;

// Whole lines if one fits, so that a line written directly by a signal handler falls between two of them.
std::size_t chunk_of(std::string_view data, std::size_t at_most) {
  if (data.size() <= at_most) return data.size();
  const std::size_t last = data.rfind('\n', at_most - 1);
  return last == std::string_view::npos ? at_most : last + 1;
}

bool is_regular_file(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

} // namespace

std::optional<Level> parse_level(std::string_view name) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

std::string_view name_of(Level level) { return kLevels[static_cast<std::size_t>(level)]; }

LogForm form_for(int fd) {
  if (::isatty(fd) == 0) return LogForm::json;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool plain =
      (no_colour != nullptr && *no_colour != '\0') || terminal == nullptr || std::string_view(terminal) == "dumb";
  return plain ? LogForm::text : LogForm::coloured_text;
}

// Invariants: `queued_` holds whole lines only; it never exceeds options.queue_bytes, which are reserved from the
// start, so that no caller allocates; `front_` is used by the writing thread only, so that callers never wait for the
// descriptor.
class Log::Writer {
 public:
  explicit Writer(Options options)
      : options_(std::move(options)), format_(options_), is_file_(is_regular_file(options_.fd)),
        level_(options_.level) {
    queued_.reserve(options_.queue_bytes);
    front_.reserve(options_.queue_bytes);
    thread_ = std::thread([this] { run(); });
  }

  ~Writer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  bool enabled(Level level) const { return level >= level_.load(std::memory_order_relaxed); }
  void set_level(Level level) { level_.store(level, std::memory_order_relaxed); }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  const std::string& constant_fields() const { return format_.constant_fields(); }
  int fd() const { return options_.fd; }

  void flush() {
    std::unique_lock lock(mutex_);
    urgent_ = true;
    wake_.notify_one();
    flushed_.wait_for(lock, std::chrono::seconds(1), [this] { return queued_.empty() && !writing_ && !urgent_; });
  }

  void write(Level level, std::string_view event, std::string_view message, std::initializer_list<Field> fields) {
    const LogEvent what{wall_now(), level, event, message, {fields.begin(), fields.size()}};
    if (!hand_on(what)) return;
    std::string& line = thread_line(); // formatted outside the lock
    format_.append(line, what);
    enqueue(line);
    if (level == Level::fatal) flush();
  }

  void write_repeated(Level level, const LineKind& kind, std::string_view message,
                      std::initializer_list<Field> fields) {
    if (admit(kind)) write(level, kind.event, message, fields);
  }

  void prepare_thread() const { format_.append(thread_line(), {wall_now(), Level::debug, "", "", {}}); }

  void set_tap(std::shared_ptr<LogTap> tap, bool writes) {
    const std::unique_lock lock(tap_mutex_); // after the calls of the old one that are under way
    writes_ = writes || tap == nullptr;
    has_tap_.store(tap != nullptr);
    tap_ = std::move(tap);
  }

 private:
  // Empty; keeps its capacity from line to line.
  static std::string& thread_line() {
    thread_local std::string line;
    line.clear();
    return line;
  }

  // Tells the tap, if there is one; without one, no lock. Whether the event is to be written as well.
  bool hand_on(const LogEvent& event) {
    if (!has_tap_.load(std::memory_order_acquire)) return true;
    const std::shared_lock lock(tap_mutex_);
    if (tap_ != nullptr) tap_->on_event(event);
    return writes_ || event.level == Level::fatal;
  }

  // On the writing thread, about lines themselves.
  void append(Level level, std::string_view action, std::string_view message, std::initializer_list<Field> fields) {
    const LogEvent event{wall_now(), level, action, message, {fields.begin(), fields.size()}};
    if (hand_on(event)) format_.append(front_, event);
  }

  bool admit(const LineKind& kind) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      const SteadyTime due = repeated_.next_due();
      if (repeated_.admit(kind, steady_now())) return true;
      wake = repeated_.next_due() < due;
    }
    if (wake) wake_.notify_one();
    return false;
  }

  void enqueue(std::string_view line) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      const std::size_t before = queued_.size();
      if (before + line.size() > options_.queue_bytes) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      queued_ += line;
      wake = before == 0 || (before < kFullBatch_bytes && queued_.size() >= kFullBatch_bytes);
    }
    if (wake) wake_.notify_one();
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (bool last = false; !last;) {
      wait_for_lines(lock);
      last = stopping_;
      std::swap(front_, queued_);
      append_sums(last || urgent_ ? SteadyTime::max() : steady_now());
      writing_ = true;
      urgent_ = false;
      lock.unlock();
      report_losses();
      write_out(front_);
      front_.clear();
      lock.lock();
      writing_ = false;
      flushed_.notify_all();
    }
  }

  void wait_for_lines(std::unique_lock<std::mutex>& lock) {
    const auto is_over = [this] { return stopping_ || urgent_; };
    while (!is_over() && queued_.empty() && steady_now() < repeated_.next_due()) {
      if (repeated_.next_due() == SteadyTime::max()) {
        wake_.wait(lock);
      } else {
        wake_.wait_until(lock, repeated_.next_due());
      }
    }
    wake_.wait_for(lock, kBatchTime, [&] { return is_over() || queued_.size() >= kFullBatch_bytes; });
  }

  // Requires mutex_.
  void append_sums(SteadyTime now) {
    while (const auto sum = repeated_.take_due(now)) {
      append(Level::warn, "log-lines-summed", "similar log lines were suppressed",
             {{"authd.log.suppressed", static_cast<std::int64_t>(sum->suppressed)},
              {"authd.log.event", sum->kind.event},
              {"error.code", sum->kind.code},
              {"authd.log.kind", sum->kind.what}});
    }
  }

  // Returns when all is written, when the descriptor fails, or when authd stops and the reader stays stuck for a
  // second: a log without a reader must not delay the exit.
  void write_out(std::string_view data) {
    while (!data.empty()) {
      pollfd p{options_.fd, POLLOUT, 0};
      const int ready = ::poll(&p, 1, kPollSlice_ms);
      if (ready == 0 && stopping_ && --slices_left_ <= 0) return;
      if (ready <= 0) continue;
      const ssize_t n = ::write(options_.fd, data.data(), chunk_of(data, is_file_ ? kFileChunk : kPipeChunk));
      if (n > 0) data.remove_prefix(static_cast<std::size_t>(n));
      if (n < 0 && errno != EINTR && errno != EAGAIN) return;
    }
  }

  void report_losses() {
    const std::uint64_t lost = dropped() - reported_;
    if (lost == 0) return;
    reported_ += lost;
    append(Level::warn, "log-lines-dropped", "the log queue was full; lines were dropped",
           {{"authd.log.dropped", static_cast<std::int64_t>(lost)}});
  }

  const Options options_;
  const LogFormat format_;
  const bool is_file_;
  std::atomic<Level> level_;
  std::atomic<std::uint64_t> dropped_{0};
  std::uint64_t reported_ = 0;
  int slices_left_ = 1000 / kPollSlice_ms; // left to wait for a stuck reader while stopping
  std::atomic<bool> has_tap_{false};
  std::shared_mutex tap_mutex_; // held, shared, while the tap is told
  std::shared_ptr<LogTap> tap_; // guarded by tap_mutex_
  bool writes_ = true;          // guarded by tap_mutex_
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable flushed_;
  RepeatedLines repeated_; // guarded by mutex_
  std::string queued_;
  std::string front_;
  bool writing_ = false;
  bool urgent_ = false; // a caller of flush() waits
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

Log::Log(Options options) : writer_(std::make_unique<Writer>(std::move(options))) {}
Log::~Log() = default;
bool Log::enabled(Level level) const { return writer_->enabled(level); }
void Log::set_level(Level level) { writer_->set_level(level); }
std::uint64_t Log::dropped() const { return writer_->dropped(); }
void Log::set_tap(std::shared_ptr<LogTap> tap, bool writes) { writer_->set_tap(std::move(tap), writes); }
void Log::prepare_thread() const { writer_->prepare_thread(); }
void Log::flush() { writer_->flush(); }
std::string_view Log::constant_fields() const { return writer_->constant_fields(); }
int Log::fd() const { return writer_->fd(); }

void Log::write(Level level, std::string_view event, std::string_view message, std::initializer_list<Field> fields) {
  if (enabled(level)) writer_->write(level, event, message, fields);
}

void Log::write_repeated(Level level, std::string_view event, std::string_view message, std::string_view code,
                         std::string_view what, std::initializer_list<Field> fields) {
  if (enabled(level)) writer_->write_repeated(level, {event, code, what}, message, fields);
}

void Log::write_always(std::string_view event, std::string_view message, std::initializer_list<Field> fields) {
  writer_->write(Level::info, event, message, fields);
}

} // namespace authd
