// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/cpus.h"
#include "http/listener.h"
#include "http/reactor.h"

namespace authd::http {
namespace {

unsigned reactor_count(unsigned configured) { return configured != 0 ? configured : usable_cpus(); }

// Signals are handled by main; a reactor blocks them. Not its own faults: if those are blocked, the kernel kills the
// process before a handler can report where it was. Nor SIGPROF, which nobody sends but a profiling session.
void prepare_thread(unsigned number) {
  sigset_t all;
  sigfillset(&all);
  for (const int open : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPROF}) sigdelset(&all, open);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), ("reactor-" + std::to_string(number)).c_str());
}

} // namespace

class Server::Impl {
 public:
  Impl(std::shared_ptr<const Application> application, Log& log, TurnObserver* turns, int passed) {
    shared_.turns = turns;
    const ServerOptions& options = application->options;
    const unsigned count = reactor_count(options.reactors);
    std::vector<std::vector<Listener>> listeners(count);
    if (!options.local_only) {
      auto sockets = passed >= 0 ? share_listener(passed, count) : open_listeners(options.host, options.port, count);
      port_ = sockets.front().address().port();
      const Backlog backlog = passed < 0 ? Backlog::own : Backlog::of_successor;
      for (unsigned i = 0; i < count; ++i) listeners[i].push_back({sockets[i], backlog, passed >= 0});
    }
    if (!options.local.path.empty()) listen_locally(options.local, listeners);
    for (std::vector<Listener>& own : listeners)
      reactors_.push_back(std::make_unique<Reactor>(std::move(own), application, log, shared_));
  }

  ~Impl() {
    for (const auto& reactor : reactors_) reactor->stop();
    for (std::thread& thread : threads_) thread.join();
    if (!unix_socket_.empty()) ::unlink(unix_socket_.c_str());
  }

  void start() {
    running_ = count();
    for (unsigned i = 0; i < count(); ++i) threads_.emplace_back([this, i] { run(i); });
  }

  bool drain(milliseconds timeout) {
    if (threads_.empty()) return true;
    const SteadyTime deadline = steady_now() + timeout;
    std::vector<std::future<void>> closed;
    for (const auto& reactor : reactors_) closed.push_back(reactor->close_listener());
    for (const auto& listener : closed) listener.wait_until(deadline);
    for (const auto& reactor : reactors_) reactor->drain();
    std::unique_lock lock(mutex_);
    return finished_.wait_until(lock, deadline, [this] { return running_ == 0; });
  }

  void replace(const std::shared_ptr<const Application>& application) {
    for (const auto& reactor : reactors_) reactor->replace(application);
  }

  std::uint16_t port() const { return port_; }
  unsigned count() const { return static_cast<unsigned>(reactors_.size()); }
  unsigned connections() const { return shared_.open_connections; }
  bool beat() {
    bool all = true;
    for (const auto& reactor : reactors_) all = reactor->beat() && all;
    return all;
  }
  std::vector<ReactorActivity> activity() const {
    std::vector<ReactorActivity> all;
    for (const auto& reactor : reactors_) all.push_back(reactor->activity());
    return all;
  }

 private:
  void listen_locally(const LocalSocket& local, std::vector<std::vector<Listener>>& listeners) {
    const Poco::Net::ServerSocket socket = open_local_listener(local);
    unix_socket_ = local.path;
    const int shared = ::fcntl(socket.impl()->sockfd(), F_DUPFD_CLOEXEC, 0);
    if (shared < 0) throw std::system_error(errno, std::system_category(), local.path);
    const auto sockets = share_listener(shared, static_cast<unsigned>(listeners.size()));
    for (std::size_t i = 0; i < listeners.size(); ++i) listeners[i].push_back({sockets[i], Backlog::own, true});
  }
  void run(unsigned number) {
    prepare_thread(number);
    reactors_[number]->run(number);
    const std::lock_guard lock(mutex_);
    --running_;
    finished_.notify_all();
  }

  std::uint16_t port_ = 0;
  std::string unix_socket_; // removed by the destructor
  SharedByReactors shared_;
  std::vector<std::unique_ptr<Reactor>> reactors_;
  std::mutex mutex_;
  std::condition_variable finished_;
  unsigned running_ = 0; // threads, guarded by mutex_
  std::vector<std::thread> threads_;
};

Server::Server(std::shared_ptr<const Application> application, Log& log, TurnObserver* turns, int passed)
    : impl_(std::make_unique<Impl>(std::move(application), log, turns, passed)) {}

Server::Server(ServerOptions options, const Router& router, RequestObserver* observer, Log& log)
    : Server(std::shared_ptr<const Application>(new Application{std::move(options), router, observer}), log) {}

Server::~Server() = default;

void Server::start() { impl_->start(); }
std::uint16_t Server::port() const { return impl_->port(); }
unsigned Server::reactors() const { return impl_->count(); }
unsigned Server::connections() const { return impl_->connections(); }
std::vector<ReactorActivity> Server::activity() const { return impl_->activity(); }
bool Server::beat() { return impl_->beat(); }
bool Server::drain(milliseconds timeout) { return impl_->drain(timeout); }
void Server::replace(std::shared_ptr<const Application> application) { impl_->replace(application); }

} // namespace authd::http
