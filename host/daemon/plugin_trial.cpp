// SPDX-License-Identifier: Apache-2.0
#include "daemon/plugin_trial.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/generation.h"
#include "daemon/plugin_set.h"
#include "daemon/storage.h"
#include "http_client/service.h"
#include "plugin/loader.h"

namespace authd::daemon {
namespace {

constexpr seconds kTrialTimeout{10};

// What the child writes into the pipe: a line for each problem and warning behind these, and one for each stage that
// it leaves.
constexpr char kProblem = 'P';
constexpr char kWarning = 'W';
constexpr std::string_view kCreated = "C\n";
constexpr std::string_view kDone = "D\n";

bool last_line_is(std::string_view answer, std::string_view line) {
  if (!answer.ends_with(line)) return false;
  answer.remove_suffix(line.size());
  return answer.empty() || answer.back() == '\n';
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return; // the parent is gone
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// Nothing is known of a problem that names an unknown value, nor of one that names none when a value is unknown.
void drop_what_is_unknown(plugin::Refusal& refusal, const config::PluginUse& use) {
  const auto& values = use.settings.values;
  const bool any = std::any_of(values.begin(), values.end(), [](const auto& v) { return v.second.unknown; });
  std::erase_if(refusal.problems, [&](const plugin::Refusal::Problem& problem) {
    const auto value = values.find(problem.setting);
    return value != values.end() ? value->second.unknown : any && problem.setting.empty();
  });
}

void report(int fd, char what, const std::string& lines) {
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', begin), lines.size());
    write_all(fd, what + lines.substr(begin, end - begin) + '\n');
    begin = end + 1;
  }
}

std::string content_of(int fd) {
  std::string content;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::pread(fd, buffer, sizeof buffer, static_cast<off_t>(content.size()))) > 0;)
    content.append(buffer, static_cast<std::size_t>(n));
  return content;
}

// The messages of log lines that the plugin wrote; the loader's own name no instance.
std::vector<std::string> warnings_in(const std::string& log) {
  std::vector<std::string> warnings;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const auto object = Poco::JSON::Parser().parse(line).extract<Poco::JSON::Object::Ptr>();
    if (object->has("authd.plugin.instance")) warnings.push_back(object->getValue<std::string>("message"));
  }
  return warnings;
}

void create_and_destroy(int fd, const config::Config& config, const config::PluginUse& use, std::string_view kind) {
  Log::Options options;
  options.level = Level::warn;
  options.fd = ::memfd_create("trial", MFD_CLOEXEC);
  Log log(options);
  http_client::HttpService exchanges;
  pipeline::InvalidationHub hub;
  modules::EventBus events(log);
  modules::CurrentStore store;
  const MasterKeys master_keys = master_keys_for_trial(config);
  const MovableClock clock(config.test_clock);
  modules::RecordSpaces records(store, master_keys, clock);
  modules::Tokens tokens(store, clock, has_signer(config));
  const ServiceSources sources{exchanges, hub, events, store, records, tokens, clock, master_keys};
  const plugin::Loader loader(trust_policy(config), plugin_services(sources), log);
  auto instance = loader.load(use, config.plugins.dir, pin_for(config, use), kind);
  if (!instance) {
    plugin::Refusal refusal = std::move(instance.error());
    const bool by_plugin = !refusal.problems.empty();
    drop_what_is_unknown(refusal, use);
    if (!by_plugin || !refusal.problems.empty()) report(fd, kProblem, lines_of(refusal, use));
    return;
  }
  log.flush();
  for (const std::string& warning : warnings_in(content_of(options.fd)))
    report(fd, kWarning, fmt::format("{}: {}", use.name, warning));
  write_all(fd, kCreated);
  instance->reset();
}

// What a plugin prints is not the output of the command, and a core file of a trial is of no use.
void discard_output() {
  const int nowhere = ::open("/dev/null", O_WRONLY);
  ::dup2(nowhere, STDOUT_FILENO);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

[[noreturn]] void run_child(int fd, const config::Config& config, const config::PluginUse& use, std::string_view kind) {
  discard_output();
  try {
    create_and_destroy(fd, config, use, kind);
    write_all(fd, kDone);
  } catch (const std::exception& error) {
    report(fd, kProblem, fmt::format("{}: {}", use.plugin, error.what()));
    write_all(fd, kDone);
  }
  ::_exit(EXIT_SUCCESS);
}

// Until the end of the pipe; false when that did not come in time.
bool read_answer(int fd, std::string& answer) {
  const auto deadline = steady_now() + kTrialTimeout;
  char buffer[4096];
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_now()).count();
    pollfd readable{fd, POLLIN, 0};
    const int ready = ::poll(&readable, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    answer.append(buffer, static_cast<std::size_t>(n));
    if (last_line_is(answer, kDone)) return true;
  }
}

int status_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::string end_of(int status, std::string_view stage) {
  if (!WIFSIGNALED(status)) return fmt::format("ended the process in {} (exit code {})", stage, WEXITSTATUS(status));
  const char* name = ::sigabbrev_np(WTERMSIG(status));
  return fmt::format("crashed in {} (SIG{})", stage, name != nullptr ? name : "?");
}

config::PluginVerdict verdict_in(std::string_view answer) {
  config::PluginVerdict verdict;
  while (!answer.empty()) {
    const std::size_t end = std::min(answer.find('\n'), answer.size());
    const std::string line(answer.substr(0, end));
    if (line.starts_with(kProblem)) verdict.problems.push_back({line.substr(1)});
    if (line.starts_with(kWarning)) verdict.warnings.push_back(line.substr(1));
    answer.remove_prefix(std::min(end + 1, answer.size()));
  }
  return verdict;
}

config::PluginVerdict fault_of_plugin(const config::Config& config, const config::PluginUse& use,
                                      const std::string& what) {
  const std::string path = plugin::plugin_path(use.plugin, config.plugins.dir);
  return {{{plugin::refusal(plugin::RefusalCode::create_failed, path, fmt::format("{} {}", use.name, what),
                            "Report it to the plugin's author")
                .line}},
          {}};
}

} // namespace

config::PluginVerdict try_plugin(const config::Config& config, const config::PluginUse& use, std::string_view kind) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  const pid_t child = ::fork();
  if (child == 0) run_child(ends[1], config, use, kind);
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    throw std::system_error(errno, std::generic_category(), "fork");
  }
  std::string answer;
  const bool in_time = read_answer(ends[0], answer);
  ::close(ends[0]);
  if (!in_time) ::kill(child, SIGKILL);
  const int status = status_of(child);
  const std::string_view stage = last_line_is(answer, kCreated) ? "destroy" : "create";
  if (!in_time) return fault_of_plugin(config, use, fmt::format("did not return from {} within ten seconds", stage));
  if (!last_line_is(answer, kDone)) return fault_of_plugin(config, use, end_of(status, stage));
  return verdict_in(answer);
}

} // namespace authd::daemon
