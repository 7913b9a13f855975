// SPDX-License-Identifier: Apache-2.0
#include "reloader.h"

#include <algorithm>
#include <utility>

#include "config/loading.h"
#include "plugin/schema_source.h"

namespace authd {
namespace {

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

config::Config load_config(const std::string& file) {
  auto config = config::load(file, config::process_environment(), plugin::make_schema_source());
  if (config) return std::move(*config);
  std::string lines;
  for (const config::Problem& problem : config.error()) lines += problem.line + '\n';
  throw Refused(lines);
}

Reloader::Reloader(std::string config_file, config::Config config, const plugin::Loader& loader,
                   plugin::HttpService& exchanges, pipeline::InvalidationHub& hub, const SystemdNotifier& systemd,
                   Log& log)
    : config_file_(std::move(config_file)), started_with_(config::fixed_settings(config)),
      loader_(loader), exchanges_(exchanges), hub_(hub), systemd_(systemd), log_(log),
      current_(std::make_shared<Generation>(std::move(config), loader, nullptr, hub, log)) {}

std::shared_ptr<Generation> Reloader::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

Reloader::Outcome Reloader::reload() {
  const std::lock_guard one_at_a_time(reloading_);
  systemd_.reloading();
  Outcome outcome = load_and_swap();
  systemd_.ready();
  return outcome;
}

Reloader::Outcome Reloader::load_and_swap() {
  const std::shared_ptr<Generation> old = current();
  try {
    config::Config config = load_config(config_file_);
    Outcome outcome{true, needs_restart(started_with_, config)};
    auto next = std::make_shared<Generation>(std::move(config), loader_, old.get(), hub_, log_);
    // Only now: what is refused leaves everything as it was, the log's level too.
    for (const std::string& warning : next->config().warnings) log_.write(Level::warn, "configuration", warning);
    for (const std::string& line : outcome.lines) log_.write(Level::warn, "reload-incomplete", line);
    exchanges_.forget_authorities();
    log_.set_level(next->config().telemetry.log_level);
    swap_in(std::move(next));
    log_.write(Level::info, "reloaded", "the new configuration is in effect");
    return outcome;
  } catch (const std::exception& error) {
    Outcome outcome{false, split_lines(error.what())};
    for (const std::string& line : outcome.lines) log_.write(Level::error, "reload-refused", line);
    return outcome;
  }
}

void Reloader::swap_in(std::shared_ptr<Generation> next) {
  server_->replace(next->publish());
  std::shared_ptr<Generation> old;
  {
    const std::lock_guard lock(mutex_);
    old = std::exchange(current_, std::move(next));
  }
  retire(std::move(old));
}

// On a thread of its own: the last requests of a generation may wait for a gateway that hangs, and its
// plugins may take their time to stop.
void Reloader::retire(std::shared_ptr<Generation> old) {
  const auto done = [](const std::future<void>& f) { return f.wait_for(seconds(0)) == std::future_status::ready; };
  retiring_.erase(std::remove_if(retiring_.begin(), retiring_.end(), done), retiring_.end());
  retiring_.push_back(std::async(std::launch::async, [generation = std::move(old)]() mutable {
    generation->retire();
    generation.reset();
  }));
}

} // namespace authd
