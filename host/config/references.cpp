// SPDX-License-Identifier: Apache-2.0
#include "config/references.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "config/printing.h"

namespace authd::config {
namespace {

constexpr std::size_t kMostSecretBytes = 64 * 1024;

class Descriptor {
 public:
  // O_NONBLOCK: a FIFO without a writer must not stop the start.
  explicit Descriptor(const char* path) : fd_(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

bool read_all(int fd, std::string& content) {
  std::size_t have = 0;
  while (have < content.size()) {
    ssize_t got = ::read(fd, content.data() + have, content.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  content.resize(have);
  return true;
}

Result<Secret, std::string> read_secret_file(const std::filesystem::path& path) {
  auto content = read_file(path, kMostSecretBytes);
  if (!content) return content;
  std::string_view text = content->reveal();
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) return tl::unexpected(fmt::format("{}: the file is empty", in_quotes(path.string())));
  return Secret(std::string(text));
}

Result<Secret, std::string> from_variable(std::string_view name, const Surroundings& around) {
  if (const std::string* value = find_variable(around.variables, name)) return Secret(*value);
  return tl::unexpected(fmt::format("environment variable {} is not set", in_quotes(name)));
}

// systemd's LoadCredential=: systemd.exec(5).
Result<Secret, std::string> from_credential(std::string_view name, const Surroundings& around) {
  const std::string* folder = find_variable(around.variables, "CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    return tl::unexpected(fmt::format("credential {}: CREDENTIALS_DIRECTORY is not set; systemd sets it for a "
                                      "unit with LoadCredential=, elsewhere set it to the folder that has the file",
                                      in_quotes(name)));
  }
  if (name.empty() || name == ".." || name.find('/') != std::string_view::npos) {
    return tl::unexpected(fmt::format("{} is not the name of a credential", in_quotes(name)));
  }
  return read_secret_file(std::filesystem::path(*folder) / name);
}

// As it was written, unless a terminal would take part of it for itself.
std::string shown_path(const std::filesystem::path& path) {
  const std::string& text = path.native();
  return is_utf8(text) && !has_control_characters(text) ? text : in_quotes(text);
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

} // namespace

const std::string* find_variable(const EnvironmentVariables& variables, std::string_view name) {
  if (name.empty()) return nullptr;
  auto at = variables.find(name);
  return at == variables.end() || at->second.empty() ? nullptr : &at->second;
}

bool is_reference(std::string_view text) {
  for (std::string_view opening : {"${env:", "${file:", "${credential:"}) {
    if (text.find(opening) != std::string_view::npos) return true;
  }
  return text.starts_with("${") && is_word(text.substr(2, text.find(':') - 2)) &&
         text.find(':') != std::string_view::npos && text.ends_with('}');
}

bool is_whole_reference(std::string_view text) {
  return is_reference(text) && text.starts_with("${") && text.find('}') == text.size() - 1;
}

bool is_absent_credential(std::string_view text, const Surroundings& around) {
  return text.starts_with("${credential:") && is_whole_reference(text) &&
         find_variable(around.variables, "CREDENTIALS_DIRECTORY") == nullptr;
}

Result<Secret, std::string> resolve(std::string_view reference, const Surroundings& around) {
  if (!is_whole_reference(reference))
    return tl::unexpected(std::string("a reference must be the whole value: \"${...}\" and nothing else"));
  std::string_view inner = reference.substr(2, reference.size() - 3);
  std::size_t colon = inner.find(':');
  std::string_view scheme = inner.substr(0, colon);
  std::string_view name = inner.substr(colon + 1);
  if (scheme == "env") return from_variable(name, around);
  if (scheme == "file") return read_secret_file(around.folder / name);
  if (scheme == "credential") return from_credential(name, around);
  return tl::unexpected(fmt::format("unknown reference ${{{}:...}}; known: ${{env:NAME}}, ${{file:/path}}, "
                                    "${{credential:NAME}}",
                                    is_word(scheme) ? scheme : "..."));
}

Result<Secret, std::string> read_file(const std::filesystem::path& path, std::size_t most_bytes) {
  auto refused = [&](std::string_view why) { return tl::unexpected(fmt::format("{}: {}", shown_path(path), why)); };
  Descriptor file(path.c_str());
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return refused(std::strerror(errno));
  if (S_ISDIR(status.st_mode)) return refused("is a directory");
  if (!S_ISREG(status.st_mode)) return refused("is not a regular file");
  std::string content(most_bytes + 1, '\0');
  bool read = read_all(file.get(), content);
  int error = errno;
  bool fits = content.size() <= most_bytes;
  Secret secret{std::string(content)};
  wipe(content.data(), content.size());
  if (!read) return refused(std::strerror(error));
  if (!fits) return refused(fmt::format("is larger than {} bytes", most_bytes));
  return secret;
}

} // namespace authd::config
