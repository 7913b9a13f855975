// SPDX-License-Identifier: Apache-2.0
// The signer "signer-file": keys in files of a folder, each sealed by the host's master keys.
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <utility>

#include "authd/plugin.hpp"
#include "authd/services.h"
#include "key_file.h"
#include "key_folder.h"
#include "private_key.h"

namespace {

using namespace authd::sdk;
using authd::Secret;
using authd::signer_file::created_at_ms;
using authd::signer_file::FolderError;
using authd::signer_file::KeyFolder;
using authd::signer_file::KeyText;
using authd::signer_file::name_of_key;
using authd::signer_file::PrivateKey;

constexpr std::string_view kPurpose = "signer-file";

// A service that puts a secret.
class SecretSink {
 public:
  SecretSink() : sink_{sizeof sink_, 0, this, &put} {}
  SecretSink(const SecretSink&) = delete;
  SecretSink& operator=(const SecretSink&) = delete;
  const authd_sink* abi() const { return &sink_; }
  Secret& secret() { return secret_; }

 private:
  static authd_status put(const authd_sink* sink, authd_bytes bytes) noexcept try {
    static_cast<SecretSink*>(sink->ctx)->secret_ = Secret(std::string(view(bytes)));
    return AUTHD_OK;
  } catch (...) {
    return AUTHD_INTERNAL;
  }

  authd_sink sink_;
  Secret secret_;
};

struct LoadedKey {
  PrivateKey key;
  std::string spki;
  std::int64_t created_at_ms;
};

// keys_ is what sign reads; files change it under folder_mutex_, which is held during I/O.
class FileSigner {
 public:
  static constexpr ComponentInfo info{.name = "signer-file",
                                      .summary = "Keeps private keys in files, sealed by the master keys",
                                      .schema = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["dir"],
  "properties": {
    "dir": {
      "type": "string", "format": "path", "minLength": 1,
      "description": "The folder with the keys, of mode 0700. It is made if only it is missing. Instances of authd that share a store must share it, too.",
      "examples": ["/var/lib/authd/keys"]
    },
    "allow_unsealed": {
      "type": "boolean", "default": false,
      "description": "Whether keys may be in files that anybody can use who reads them: only where there are no master keys (secrets.master_keys)."
    }
  }
})",
                                      .flags = AUTHD_SIGNER_INLINE_ES256 | AUTHD_SIGNER_INLINE_EDDSA};

  FileSigner(Host host, const Config& config, Call& call)
      : folder_(std::string(config.required_string("/dir"))),
        secrets_(host.service<authd_secrets_v1>(AUTHD_SECRETS_V1)),
        clock_(host.service<authd_clock_v1>(AUTHD_CLOCK_V1)),
        allow_unsealed_(config.boolean("/allow_unsealed", false)) {
    if (!AUTHD_HAS(clock_, wall_ms)) throw std::runtime_error("this host has no " AUTHD_CLOCK_V1);
    if (!folder_.path().starts_with('/')) throw InvalidSetting("/dir", "must be an absolute path");
    if (secrets_ == nullptr && !allow_unsealed_)
      throw InvalidSetting("/dir", "keys cannot be sealed without master keys. Set secrets.master_keys, or, for tests, "
                                   "allow_unsealed = true");
    if (folder_.exists()) read_all(call);
  }

  Status start(Call& call) {
    try {
      folder_.make();
      folder_.check();
      return Status::ok;
    } catch (const FolderError& e) {
      return call.refuse("/dir", e.what());
    }
  }

  Status generate(Call& call, std::string_view algorithm, KeySink& out) try {
    auto key = PrivateKey::generate(algorithm);
    if (!key) return call.fail(Status::unsupported, "signer-file has ES256, RS256 and EdDSA alone");
    LoadedKey made{std::move(*key), {}, clock_->wall_ms(clock_)};
    made.spki = made.key.spki();
    const std::string name = name_of_key(algorithm, made.created_at_ms, made.spki);
    KeyText text{false, made.key.pkcs8()};
    if (const Status status = seal(call, text); status != Status::ok) return status;
    const std::lock_guard files(folder_mutex_);
    folder_.write(name, write_text(text));
    const Status status = out.put({name, made.key.algorithm(), made.spki, made.created_at_ms});
    const std::unique_lock lock(keys_mutex_);
    keys_.try_emplace(name, std::make_shared<LoadedKey>(std::move(made)));
    return status;
  } catch (const FolderError& e) {
    return call.fail(Status::unavailable, e.what());
  }

  Status sign(Call& call, std::string_view id, std::string_view message, ByteSink& out) {
    const auto loaded = find(id);
    if (loaded == nullptr) return call.fail(Status::not_found, "there is no file of this key in " + folder_.path());
    return out.put(loaded->key.sign(message));
  }

  Status public_keys(Call& call, KeySink& out) try {
    const std::lock_guard files(folder_mutex_);
    read_changes(call);
    for (const auto& [name, loaded] : keys_) // only who holds folder_mutex_ changes it
      if (const Status status = out.put({name, loaded->key.algorithm(), loaded->spki, loaded->created_at_ms});
          status != Status::ok)
        return status;
    return Status::ok;
  } catch (const FolderError& e) {
    return call.fail(Status::unavailable, e.what());
  }

  Status remove(Call& call, std::string_view id) try {
    const std::lock_guard files(folder_mutex_);
    if (find(id) == nullptr) return Status::ok; // and no path is made of an unknown name
    folder_.remove(id);
    const std::unique_lock lock(keys_mutex_);
    keys_.erase(keys_.find(id));
    return Status::ok;
  } catch (const FolderError& e) {
    return call.fail(Status::unavailable, e.what());
  }

 private:
  std::shared_ptr<const LoadedKey> find(std::string_view id) const {
    const std::shared_lock lock(keys_mutex_);
    const auto at = keys_.find(id);
    return at == keys_.end() ? nullptr : at->second;
  }

  // Of create: each file that is no good is a problem of its own.
  void read_all(Call& call) {
    try {
      folder_.check();
      for (const std::string& name : folder_.names()) {
        std::string why;
        if (auto loaded = load(call, name, why))
          keys_.try_emplace(name, std::move(loaded));
        else
          (void)call.refuse("/dir", why);
      }
    } catch (const FolderError& e) {
      (void)call.refuse("/dir", e.what());
    }
  }

  // What other instances made and removed. A file that is no good is named in the log once.
  void read_changes(Call& call) {
    const std::vector<std::string> names = folder_.names();
    const std::set<std::string, std::less<>> there(names.begin(), names.end());
    std::map<std::string, std::shared_ptr<const LoadedKey>, std::less<>> added;
    for (const std::string& name : names) {
      std::string why;
      if (keys_.contains(name) || refused_.contains(name)) continue;
      if (auto loaded = load(call, name, why))
        added.try_emplace(name, std::move(loaded));
      else if (refused_.insert(name).second)
        call.log(Level::error, "key-file-refused", why);
    }
    std::erase_if(refused_, [&](const std::string& name) { return !there.contains(name); });
    const std::unique_lock lock(keys_mutex_);
    std::erase_if(keys_, [&](const auto& entry) { return !there.contains(entry.first); });
    keys_.merge(added);
  }

  // Null: `why` says what is wrong with its file, and the mend.
  std::shared_ptr<const LoadedKey> load(Call& call, const std::string& name, std::string& why) const {
    const std::string file = folder_.file_of(name);
    try {
      auto text = authd::signer_file::read_text(folder_.read(name).reveal());
      if (!text) {
        why = file + " is no key of authd: expected one PEM block with a private key. Move it away, or restore it";
        return nullptr;
      }
      if (!open(call, *text, file, why)) return nullptr;
      auto key = PrivateKey::decode(text->bytes);
      std::string spki = key ? key->spki() : std::string();
      const auto created = key ? created_at_ms(name, key->algorithm(), spki) : std::nullopt;
      if (created) return std::make_shared<LoadedKey>(LoadedKey{std::move(*key), std::move(spki), *created});
      why = file + (key ? " holds another key than its name says. Give it back the name that it had"
                        : " holds no P-256, Ed25519 or RSA key (2048 to 4096 bits) in PKCS#8. Restore it");
    } catch (const FolderError& e) {
      why = e.what();
    }
    return nullptr;
  }

  bool open(Call& call, KeyText& text, const std::string& file, std::string& why) const {
    if (!text.sealed) {
      if (secrets_ == nullptr && allow_unsealed_) return true;
      why = file + " is not sealed, but there are master keys to seal it. Move it away: a new key is made";
      return false;
    }
    if (secrets_ == nullptr) {
      why = file + " is sealed, but there are no master keys. Set secrets.master_keys to those that sealed it";
      return false;
    }
    SecretSink plain;
    if (secrets_->open(secrets_, call.abi(), raw(kPurpose), raw_bytes(text.bytes.reveal()), plain.abi()) != AUTHD_OK) {
      why = file + " was sealed by another master key, or under another name of this signer, or it is damaged. Add the "
                   "key that sealed it to secrets.master_keys, or restore the file";
      return false;
    }
    text = {false, std::move(plain.secret())};
    return true;
  }

  Status seal(Call& call, KeyText& text) const {
    if (secrets_ == nullptr) return Status::ok;
    SecretSink sealed;
    const auto status = static_cast<Status>(
        secrets_->seal(secrets_, call.abi(), raw(kPurpose), raw_bytes(text.bytes.reveal()), sealed.abi()));
    if (status == Status::ok) text = {true, std::move(sealed.secret())};
    return status;
  }

  const KeyFolder folder_;
  const authd_secrets_v1* const secrets_; // null: there are no master keys
  const authd_clock_v1* const clock_;
  const bool allow_unsealed_;
  std::mutex folder_mutex_;                    // before keys_mutex_
  std::set<std::string, std::less<>> refused_; // files, guarded by folder_mutex_
  mutable std::shared_mutex keys_mutex_;
  std::map<std::string, std::shared_ptr<const LoadedKey>, std::less<>> keys_;
};

constexpr PluginInfo kPlugin{.id = "signer-file", .version = "0.1.0", .vendor = "authd", .license = "Apache-2.0"};

} // namespace

AUTHD_PLUGIN(kPlugin, SignerComponent<FileSigner>);
