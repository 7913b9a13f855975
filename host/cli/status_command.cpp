// SPDX-License-Identifier: Apache-2.0
#include "cli/status_command.h"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/admin_client.h"
#include "cli/status_view.h"
#include "endpoints/status_page.h"

namespace authd::cli {
namespace {

constexpr seconds kPatience{5};
constexpr std::string_view kUnixPrefix = "unix:";

// Throws std::runtime_error that says why there is none.
std::string fetch_status(const std::string& listen) {
  AdminReply reply = call_admin(listen, "GET", "/admin/status", "", kPatience);
  if (reply.status != 200) throw std::runtime_error("authd at " + listen + " answered: " + reply.body);
  return std::move(reply.body);
}

bool is_terminal() {
  const char* term = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

// https://no-color.org: set to anything but nothing.
bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return is_terminal() && (no_colour == nullptr || *no_colour == '\0');
}

// A terminal says how large it is; anything else gets the whole in 80 columns.
ViewOptions view_options(bool whole) {
  ViewOptions options;
  options.colour = wants_colour();
  winsize size{};
  if (!is_terminal() || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return options;
  options.columns = size.ws_col;
  if (!whole && size.ws_row > 1) options.rows = size.ws_row - 1U;
  return options;
}

// The terminal's other screen, without a cursor, so that what stood there comes back.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// Nothing is left to do but this, whatever is under way, so a handler may do it: write and _exit are allowed in one
// (signal-safety(7)).
void leave_terminal(int signal) {
  write_all(kLeave);
  ::_exit(signal == SIGINT ? EXIT_SUCCESS : 128 + signal);
}

// Ctrl-Z gives the terminal back for as long.
void suspend(int) {
  write_all(kLeave);
  ::kill(::getpid(), SIGSTOP);
  write_all(kEnter);
}

// Each line over the one before, without a flicker.
std::string overwriting(const std::string& lines) {
  std::string text = "\x1b[H";
  for (const char c : lines) {
    if (c == '\n') text += "\x1b[K";
    text += c;
  }
  return text + "\x1b[J";
}

std::string frame(const std::string& listen) {
  try {
    return draw_status(fetch_status(listen), view_options(false));
  } catch (const std::exception& error) {
    return std::string(error.what()) + "\n";
  }
}

[[noreturn]] void watch(const std::string& listen, unsigned interval_s) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, leave_terminal);
  std::signal(SIGTSTP, suspend);
  write_all(kEnter);
  for (;;) {
    write_all(overwriting(frame(listen)));
    std::this_thread::sleep_for(seconds(interval_s));
  }
}

Log::Options quiet() {
  Log::Options options;
  options.level = Level::error;
  options.fd = STDERR_FILENO;
  return options;
}

void await_interrupt(const sigset_t& signals) {
  int signal = 0;
  while (::sigwait(&signals, &signal) != 0) {
  }
}

} // namespace

int show_status(const std::string& listen, const StatusOptions& options) {
  try {
    const std::string status = fetch_status(listen);
    if (options.json) {
      std::cout << status << '\n';
      return EXIT_SUCCESS;
    }
    const std::string first = draw_status(status, view_options(true));
    if (!options.once && is_terminal()) watch(listen, options.interval_s);
    std::cout << first;
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

int serve_status_page(const std::string& listen, std::uint16_t port) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr); // before any thread starts
  try {
    fetch_status(listen);
    if (!listen.starts_with(kUnixPrefix)) {
      std::cout << "http://" << listen << "/admin/ui\n";
      return EXIT_SUCCESS;
    }
    Log log(quiet());
    const auto fetch = [&listen]() -> std::optional<std::string> {
      try {
        return fetch_status(listen);
      } catch (const std::exception&) {
        return std::nullopt;
      }
    };
    const endpoints::StatusPageServer server(port, fetch, log);
    std::cout << server.url() << "\nPress Ctrl-C to end.\n" << std::flush;
    await_interrupt(signals);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

} // namespace authd::cli
