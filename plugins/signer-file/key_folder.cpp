// SPDX-License-Identifier: Apache-2.0
#include "key_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace authd::signer_file {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".key";
constexpr off_t kLongestFile = 64 * 1024;
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

[[noreturn]] void fail(const std::string& what, const std::string& mend) {
  throw FolderError(what + ": " + std::strerror(errno) + ". " + mend);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  bool is_open() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

bool is_ours(const struct stat& file) { return file.st_uid == ::geteuid() || file.st_uid == 0; }

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0;
}

bool flush_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.is_open() && ::fsync(folder.get()) == 0;
}

} // namespace

bool KeyFolder::exists() const {
  struct stat folder {};
  return ::stat(path_.c_str(), &folder) == 0 || errno != ENOENT;
}

void KeyFolder::make() const {
  if (::mkdir(path_.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    fail("cannot make the folder " + path_, "Make it, of mode 0700 and owned by the user that runs authd");
}

void KeyFolder::check() const {
  const std::string mend = "It must be a folder of mode 0700, owned by the user that runs authd";
  struct stat folder {};
  if (::stat(path_.c_str(), &folder) != 0) fail("cannot look at " + path_, mend);
  if (!S_ISDIR(folder.st_mode)) throw FolderError(path_ + " is not a folder. " + mend);
  if (!is_ours(folder)) throw FolderError(path_ + " belongs to another user. " + mend);
  if ((folder.st_mode & kOthers) != 0)
    throw FolderError("others than its owner may enter " + path_ + ". Run: chmod 700 " + path_);
  if (::access(path_.c_str(), R_OK | W_OK | X_OK) != 0) fail("cannot read and write " + path_, mend);
}

std::vector<std::string> KeyFolder::names() const {
  std::error_code error;
  std::vector<std::string> all;
  for (fs::directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
    const std::string file = at->path().filename();
    if (!file.starts_with('.') && file.ends_with(kSuffix)) all.push_back(file.substr(0, file.size() - kSuffix.size()));
  }
  if (error) throw FolderError("cannot list " + path_ + ": " + error.message() + ". Check who may read it");
  std::sort(all.begin(), all.end());
  return all;
}

Secret KeyFolder::read(std::string_view name) const {
  const std::string path = file_of(name);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat about {};
  if (!file.is_open() || ::fstat(file.get(), &about) != 0)
    fail("cannot read " + path, "It must be a file of mode 0600, owned by the user that runs authd");
  if (!S_ISREG(about.st_mode) || about.st_size > kLongestFile)
    throw FolderError(path + " is not a regular file of at most 64 KiB. Move it away if it is no key of authd");
  if (!is_ours(about) || (about.st_mode & kOthers) != 0)
    throw FolderError("others than the user that runs authd may read " + path + ". Run: chmod 600 " + path +
                      ", and replace the key if somebody did (authd keys rotate --emergency)");
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  const ssize_t size = ::pread(file.get(), text.data(), text.size(), 0);
  Secret secret(std::move(text)); // wipes the text, whatever follows
  if (size != about.st_size) throw FolderError("cannot read " + path + " to its end. It may be changing: try again");
  return secret;
}

void KeyFolder::write(std::string_view name, const Secret& text) const {
  const std::string path = file_of(name), temporary = path_ + "/." + std::string(name) + ".new";
  const std::string mend = "Check the space on its disk, and that it is of mode 0700 and owned by the user of authd";
  {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!file.is_open()) fail("cannot make a file in " + path_, mend);
    if (!write_all(file.get(), text.reveal())) {
      const int error = errno;
      ::unlink(temporary.c_str());
      errno = error;
      fail("cannot write a key into " + path_, mend);
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0 || !flush_folder(path_)) fail("cannot write " + path, mend);
}

void KeyFolder::remove(std::string_view name) const {
  const std::string path = file_of(name);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail("cannot remove " + path, "Remove it by hand");
  if (!flush_folder(path_)) fail("cannot be sure that " + path + " stays removed", "Check its disk");
}

std::string KeyFolder::file_of(std::string_view name) const {
  return path_ + '/' + std::string(name) + std::string(kSuffix);
}

} // namespace authd::signer_file
