// SPDX-License-Identifier: Apache-2.0
#include "config/tls_files.h"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "config/host_rules.h"
#include "config/printing.h"
#include "config/references.h"

namespace authd::config {
namespace {

constexpr std::size_t kMostPemBytes = 1024 * 1024; // a bundle of every public authority has a quarter of it

// One of the three settings, and what its file holds.
struct PemFile {
  std::string_view key; // within [server]
  const Node* node;     // null: not set
  std::optional<Secret> text;

  std::string path() const { return fmt::format("server.{}", key); }
  std::string_view content() const { return text ? text->reveal() : std::string_view(); }
};

class TlsFiles {
 public:
  TlsFiles(const std::vector<Section>& sections, Problems& problems)
      : sections_(sections), problems_(problems), certificate_(named("tls.certificate")),
        key_(named("tls.key")), client_ca_(named("tls.client_ca")) {}

  std::shared_ptr<const TlsIdentity> read(Config& config) {
    if (!go_together()) return nullptr;
    for (PemFile* file : {&certificate_, &key_, &client_ca_}) read_text(*file);
    const bool unread = client_ca_.node != nullptr && !client_ca_.text;
    if (!certificate_.text || !key_.text || unread) return nullptr;
    TlsIdentity::Pem pem{certificate_.content(), key_.content(), std::nullopt};
    if (client_ca_.text) pem.client_ca = client_ca_.content();
    auto identity = TlsIdentity::make(pem);
    if (!identity) return report(identity.error());
    if (auto warning = (*identity)->warning())
      config.warnings.push_back(fmt::format("{}: {} {}", certificate_.path(), shown(certificate_), *warning));
    return *identity;
  }

 private:
  PemFile named(std::string_view key) const {
    return {key, value_at(sections_, "server", key), std::nullopt};
  }

  static std::string shown(const PemFile& file) { return config::shown(*file.node, Shape{}); }

  // Whether there is something to read, and all that it takes.
  bool go_together() {
    if (certificate_.node != nullptr && key_.node != nullptr) return true;
    if (certificate_.node != nullptr) missing(certificate_, key_, "the certificate needs its private key");
    if (key_.node != nullptr) missing(key_, certificate_, "the key needs its certificate");
    if (client_ca_.node != nullptr && certificate_.node == nullptr && key_.node == nullptr)
      missing(client_ca_, certificate_, "clients show certificates only where the server speaks TLS");
    return false;
  }

  void missing(const PemFile& set, const PemFile& wanted, std::string_view why) {
    problems_.add(set.node->origin, set.path(),
                  fmt::format("{} is not set: {}; set both, or neither", wanted.path(), why));
  }

  void read_text(PemFile& file) {
    if (file.node == nullptr || file.node->kind != Node::Kind::string || file.node->unknown) return;
    const std::string name(file.node->text.reveal());
    if (is_reference(name)) return; // which could not be resolved, and was reported
    if (name.find("-----BEGIN") != std::string::npos)
      return problems_.add(file.node->origin, file.path(), "the path of a file is wanted, not its content");
    auto text = read_file(name, kMostPemBytes);
    if (text) {
      file.text = std::move(*text);
      return;
    }
    // Without the path before it: one that came through a reference is not printed.
    const std::string why = text.error().substr(name.size() + 2);
    problems_.add(
        file.node->origin, file.path(),
        fmt::format("{}: {}; name a PEM file that the user who runs authd may read", shown(file), why));
  }

  std::nullptr_t report(const std::vector<TlsIdentity::Fault>& faults) {
    for (const TlsIdentity::Fault& fault : faults) {
      const PemFile& file = fault.part == TlsIdentity::Part::certificate ? certificate_
                            : fault.part == TlsIdentity::Part::key       ? key_
                                                                         : client_ca_;
      problems_.add(file.node->origin, file.path(), fmt::format("{} {}", shown(file), fault.what));
    }
    return nullptr;
  }

  const std::vector<Section>& sections_;
  Problems& problems_;
  PemFile certificate_;
  PemFile key_;
  PemFile client_ca_;
};

} // namespace

void read_tls_files(const std::vector<Section>& sections, Config& config, Problems& problems) {
  config.server.tls.identity = TlsFiles(sections, problems).read(config);
}

} // namespace authd::config
