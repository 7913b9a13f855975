// SPDX-License-Identifier: Apache-2.0
#include "plugin/file_checks.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace authd::plugin {
namespace {

namespace fs = std::filesystem;

constexpr off_t kMaxFile = off_t{256} << 20;

using Refused = authd::Failure<Refusal>;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string user_name(uid_t user) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return fmt::format("uid {}", user);
}

bool is_trusted(uid_t user) { return user == 0 || user == ::geteuid(); }

// A private group has no users but trusted ones.
bool is_private(gid_t group, const UsersOfGroup& users) {
  const auto all = users(group);
  return std::all_of(all.begin(), all.end(), is_trusted);
}

bool writable_by_others(const struct stat& st, const UsersOfGroup& users) {
  if ((st.st_mode & S_IWOTH) != 0) return true;
  return (st.st_mode & S_IWGRP) != 0 && !is_private(st.st_gid, users);
}

std::string mode_text(const struct stat& st) { return fmt::format("mode {:04o}", st.st_mode & 07777u); }

void judge_file(const std::string& path, const struct stat& st, const UsersOfGroup& users,
                std::vector<Refusal>& violations) {
  if (!is_trusted(st.st_uid))
    violations.push_back(refusal(RefusalCode::owner, path, "belongs to " + user_name(st.st_uid),
                                 "Make root or the user who runs authd its owner (chown)"));
  if (writable_by_others(st, users))
    violations.push_back(
        refusal(RefusalCode::writable, path, "is writable by others, " + mode_text(st), "Run chmod go-w on it"));
}

void judge_folder(const std::string& plugin, const fs::path& folder, const UsersOfGroup& users,
                  std::vector<Refusal>& violations) {
  struct stat st {};
  if (::stat(folder.c_str(), &st) != 0) return; // it was just passed through: a race, and open will tell
  if (!is_trusted(st.st_uid))
    violations.push_back(refusal(RefusalCode::folder_owner, plugin,
                                 fmt::format("its folder {} belongs to {}", folder.string(), user_name(st.st_uid)),
                                 "Make root or the user who runs authd the owner of the folder (chown)"));
  // In a sticky folder others may add files, but not replace ours.
  const bool sticky = (st.st_mode & S_ISVTX) != 0 && st.st_uid == 0;
  if (!sticky && writable_by_others(st, users))
    violations.push_back(refusal(RefusalCode::folder_writable, plugin,
                                 fmt::format("its folder {} is writable by others, {}", folder.string(), mode_text(st)),
                                 "Run chmod go-w on the folder"));
}

void judge_folders(const std::string& given, const std::string& resolved, const UsersOfGroup& users,
                   std::vector<Refusal>& violations) {
  std::vector<fs::path> folders;
  for (const std::string& path : {resolved, given}) {
    for (fs::path at = fs::path(path).parent_path();; at = at.parent_path()) {
      if (std::find(folders.begin(), folders.end(), at) == folders.end()) folders.push_back(at);
      if (at == at.root_path()) break;
    }
  }
  for (const auto& folder : folders) judge_folder(resolved, folder, users, violations);
}

Refused unreadable(const std::string& path, int error) {
  const char* remedy = error == ENOENT ? "Install the plugin there, or correct plugin or plugins.dir"
                                       : "Let the user who runs authd read it and enter its folders";
  return refuse(RefusalCode::unreadable, path, fmt::format("cannot be opened: {}", std::strerror(error)), remedy);
}

Result<std::string, Refusal> read_all(const std::string& path, int fd, off_t size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  std::size_t n = 0;
  while (n < bytes.size()) {
    const ssize_t got = ::read(fd, bytes.data() + n, bytes.size() - n);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path, errno);
    if (got == 0) break; // became shorter: what is there is judged
    n += static_cast<std::size_t>(got);
  }
  bytes.resize(n);
  return bytes;
}

Result<std::string, Refusal> resolve(const std::string& path) {
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos)
    return refuse(RefusalCode::bad_name, path, "is neither a bare name nor an absolute path",
                  "Write the name of a file in plugins.dir, or a path that starts with /");
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (real == nullptr) return unreadable(path, errno);
  return std::string(real.get());
}

} // namespace

std::vector<uid_t> users_of_group(gid_t group) {
  static std::mutex mutex; // getpwent walks one cursor per process
  const std::lock_guard lock(mutex);
  std::vector<uid_t> users;
  std::vector<std::string> members;
  if (const ::group* entry = ::getgrgid(group); entry != nullptr)
    for (char** name = entry->gr_mem; *name != nullptr; ++name) members.emplace_back(*name);
  ::setpwent();
  while (const passwd* user = ::getpwent()) {
    if (user->pw_gid == group || std::find(members.begin(), members.end(), user->pw_name) != members.end())
      users.push_back(user->pw_uid);
  }
  ::endpwent();
  return users;
}

Result<PluginFile, Refusal> read_plugin_file(const std::string& path, const UsersOfGroup& users) {
  auto resolved = resolve(path);
  if (!resolved) return Refused(resolved.error());
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  const Descriptor fd(::open(resolved->c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat st {};
  if (fd.get() < 0 || ::fstat(fd.get(), &st) != 0) return unreadable(path, errno);
  if (!S_ISREG(st.st_mode))
    return refuse(RefusalCode::not_regular, *resolved, "is not a regular file", "Name the plugin's .so file itself");
  if (st.st_size > kMaxFile)
    return refuse(RefusalCode::not_elf, *resolved, "is larger than 256 MiB", "Name the plugin's .so file");
  PluginFile file{*resolved, {}, {}};
  judge_file(file.path, st, users, file.violations);
  judge_folders(path, file.path, users, file.violations);
  auto bytes = read_all(file.path, fd.get(), st.st_size);
  if (!bytes) return Refused(bytes.error());
  file.bytes = std::move(*bytes);
  return file;
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) return {};
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

} // namespace authd::plugin
