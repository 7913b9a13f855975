// SPDX-License-Identifier: Apache-2.0
#include "daemon/reloader.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "config/loading.h"
#include "daemon/storage.h"
#include "plugin/schema_source.h"

namespace authd::daemon {
namespace {

constexpr const char* kDraining = "authd is draining and does not reload its configuration; start authd again";

// What a running process cannot change: said, not silently ignored.
std::vector<std::string> needs_restart(const config::FixedSettings& started_with, const config::Config& next) {
  std::vector<std::string> lines;
  for (const std::string& setting : config::differing(started_with, config::fixed_settings(next)))
    lines.push_back(setting + ": a reload cannot change it; restart authd");
  return lines;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

} // namespace

config::Config load_config(const ConfigSource& source, config::PluginTrial trial) {
  config::LoadOptions options;
  options.trial = std::move(trial);
  options.trial_of_good_ones = false; // those are created here
  options.listener = source.listener;
  auto config = config::load(source.file, config::process_environment(), plugin::make_schema_source(), options);
  if (config) {
    add_storage(*config);
    return std::move(*config);
  }
  std::string lines;
  for (const config::Problem& problem : config.error()) lines += problem.line + '\n';
  throw Refused(lines);
}

Reloader::Reloader(ConfigSource source, config::Config config, const plugin::Loader& loader,
                   const ServiceSources& sources, Lifecycle& lifecycle, Log& log)
    : source_(std::move(source)), started_with_(config::fixed_settings(config)), loader_(loader), sources_(sources),
      lifecycle_(lifecycle), log_(log),
      current_(std::make_shared<Generation>(std::move(config), loader, nullptr, sources, lifecycle, log)),
      gauges_(lifecycle.telemetry().measurements().metrics().add_source(
          [this](telemetry::Reading& reading) { current()->read_gauges(reading); })) {}

std::shared_ptr<Generation> Reloader::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

Reloader::Outcome Reloader::reload() {
  if (lifecycle_.draining()) return refused(kDraining);
  const std::lock_guard one_at_a_time(reloading_);
  lifecycle_.service_manager().reloading();
  Outcome outcome = load_and_swap();
  lifecycle_.service_manager().ready();
  return outcome;
}

// Whatever can fail comes before the swap: what is refused leaves everything as it was.
Reloader::Outcome Reloader::load_and_swap() {
  Outcome outcome{true, {}};
  try {
    std::shared_ptr<Generation> next = load_next(outcome);
    auto telemetry = lifecycle_.telemetry().prepare(next->config());
    auto application = next->publish();
    Retirement::Prepared retirement{[old = current()]() mutable {
      old->retire();
      // Whoever reads its gauges or carries out an operation on it, perhaps a reactor, must not be the one to end it.
      while (old.use_count() > 1) std::this_thread::sleep_for(milliseconds(1));
      old.reset();
    }};
    sources_.exchanges.forget_authorities();
    const auto permit = lifecycle_.permit_swap();
    if (!permit) return refused(kDraining);
    log_.set_level(next->config().telemetry.log_level);
    lifecycle_.telemetry().apply(std::move(telemetry));
    swap_in(std::move(next), std::move(application), std::move(retirement));
  } catch (const std::exception& error) {
    return refused(error.what());
  }
  log_.write(Level::info, "reloaded", "the new configuration is in effect");
  return outcome;
}

std::shared_ptr<Generation> Reloader::load_next(Outcome& outcome) {
  config::Config config = load_config(source_);
  outcome.lines = needs_restart(started_with_, config);
  // Only here is current_ replaced, so it lives until the next one does.
  auto next = std::make_shared<Generation>(std::move(config), loader_, current().get(), sources_, lifecycle_, log_);
  for (const std::string& warning : next->config().warnings) log_.write(Level::warn, "configuration", warning);
  for (const std::string& line : outcome.lines) log_.write(Level::warn, "reload-incomplete", line);
  lifecycle_.memory().check_connections(next->config().server, log_);
  return next;
}

Reloader::Outcome Reloader::refused(const std::string& why) {
  Outcome outcome{false, split_lines(why)};
  for (const std::string& line : outcome.lines) log_.write(Level::error, "reload-refused", line);
  return outcome;
}

// noexcept: half of it would leave reactors with what is about to be destroyed.
void Reloader::swap_in(std::shared_ptr<Generation> next, std::shared_ptr<const http::Application> application,
                       Retirement::Prepared retirement) noexcept {
  server_->replace(std::move(application));
  next->hear_events();
  {
    const std::lock_guard lock(mutex_);
    current_.swap(next);
  }
  next.reset(); // the last owner is the retirement, whose thread may wait for it to end
  lifecycle_.retirement().enqueue(std::move(retirement));
}

ReloadThread::ReloadThread(Watchdog& watchdog, Reloader& reloader)
    : watchdog_(watchdog), thread_([&] {
        while (watchdog.await_reload()) reloader.reload();
      }) {}

ReloadThread::~ReloadThread() {
  watchdog_.stop_reloads();
  thread_.join();
}

} // namespace authd::daemon
