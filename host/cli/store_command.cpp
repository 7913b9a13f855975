// SPDX-License-Identifier: Apache-2.0
#include "cli/store_command.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/loaded_config.h"
#include "daemon/plugin_set.h"
#include "daemon/storage.h"
#include "modules/key_probe.h"
#include "modules/store_transfer.h"

namespace authd::cli {
namespace {

constexpr seconds kPatience{3600}; // a check or a backup of a large store

int fail(const std::string& why) {
  std::cerr << why << '\n';
  return EXIT_FAILURE;
}

int fail(const CallFailure& failure) { return fail(failure.message); }

enum class Missing { refused, made };

// With the store of the configuration, as the daemon would have it: but a shell has not the state directory that
// systemd gives to the daemon, and an empty store beside authd.toml is not what is meant.
int with_store(const std::string& file, Missing missing,
               const std::function<int(daemon::StoreSession&, const config::Config&)>& use) {
  auto config = load(file, Credentials::needed);
  if (!config) return print_problems(config.error());
  if (const std::string path = daemon::missing_store(*config); !path.empty() && missing == Missing::refused)
    return fail(path + ": there is no store yet; if authd runs under systemd, set STATE_DIRECTORY=/var/lib/authd, or "
                       "path in [store]");
  std::signal(SIGPIPE, SIG_IGN);
  Log::Options quiet;
  quiet.level = Level::error;
  quiet.fd = STDERR_FILENO;
  Log log(quiet);
  try {
    daemon::add_storage(*config);
    daemon::StoreSession session(*config, log);
    return use(session, *config);
  } catch (const daemon::Refused& refusal) {
    std::cerr << refusal.what();
    return EXIT_FAILURE;
  }
}

// A file that nobody else may read; what exists is not replaced.
bool make_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

int say(const std::string& what) {
  std::cout << what << '\n';
  return EXIT_SUCCESS;
}

} // namespace

StoreCommands::StoreCommands(CLI::App& app, CommandLine& line) : line_(line) {
  CLI::App* store = app.add_subcommand("store", "check, copy and move what modules and keys are kept in");
  store->require_subcommand(1);
  command(*store, "check", "look at every record, and whether the master keys fit; exit 1 if something is wrong",
          nullptr, line.exit_code, [this] { return check(); });
  command(*store, "backup", "copy the store to a new file, while it is in use", &file_, line.exit_code,
          [this] { return backup(); })
      ->get_option("FILE")
      ->required();
  command(*store, "export", "write every record as a line of JSON, to a new FILE or to standard output", &file_,
          line.exit_code, [this] { return export_to(); })
      ->add_flag("--open", open_, "open what is sealed; keep the file safe");
  command(*store, "import", "put what export wrote into an empty store", &file_, line.exit_code,
          [this] { return import_from(); })
      ->get_option("FILE")
      ->required();
  command(*store, "reseal", "seal by the first master key what another one has sealed, while it is in use", nullptr,
          line.exit_code, [this] { return reseal(); });
}

int StoreCommands::check() const {
  return with_store(
      line_.config_file, Missing::refused, [](daemon::StoreSession& session, const config::Config& config) {
        Call call(steady_now() + kPatience);
        const auto report = session.store().check(call);
        if (!report) return fail(report.error());
        const std::string fault = modules::fault_of_master_keys(call, session.records(), config.master_keys);
        return fault.empty() ? say(*report) : fail(fault);
      });
}

int StoreCommands::backup() const {
  return with_store(line_.config_file, Missing::refused, [this](daemon::StoreSession& session, const config::Config&) {
    Call call(steady_now() + kPatience);
    const std::string to = std::filesystem::absolute(file_).lexically_normal().string();
    const auto done = session.store().backup(call, to);
    return done ? say(to + ": written") : fail(done.error());
  });
}

int StoreCommands::export_to() const {
  return with_store(line_.config_file, Missing::refused,
                    [this](daemon::StoreSession& session, const config::Config& config) {
                      const MasterKeys* keys = open_ ? &config.master_keys : nullptr;
                      if (file_.empty()) {
                        const auto done = modules::export_records(session.store(), keys, std::cout);
                        return done ? EXIT_SUCCESS : fail(done.error());
                      }
                      if (!make_private(file_)) return fail(file_ + ": " + std::generic_category().message(errno));
                      std::ofstream to(file_, std::ios::binary);
                      const auto done = modules::export_records(session.store(), keys, to);
                      if (!done) return fail(file_ + ": " + done.error().message);
                      if (!to.flush()) return fail(file_ + ": cannot be written to the end: is the disk full?");
                      return say(fmt::format("{}: {} records", file_, *done));
                    });
}

int StoreCommands::import_from() const {
  return with_store(line_.config_file, Missing::made,
                    [this](daemon::StoreSession& session, const config::Config& config) {
                      std::ifstream from(file_, std::ios::binary);
                      if (!from) return fail(file_ + ": " + std::generic_category().message(errno));
                      const auto done = modules::import_records(session.store(), config.master_keys, from);
                      return done ? say(fmt::format("{} records", *done)) : fail(file_ + ": " + done.error().message);
                    });
}

int StoreCommands::reseal() const {
  return with_store(
      line_.config_file, Missing::refused, [](daemon::StoreSession& session, const config::Config& config) {
        const auto done = modules::reseal_records(session.store(), config.master_keys);
        return done ? say(fmt::format("{} records sealed by the first master key", *done)) : fail(done.error());
      });
}

} // namespace authd::cli
