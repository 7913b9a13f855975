// SPDX-License-Identifier: Apache-2.0
#include "config/tls_files.h"

#include <functional>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "config/host_rules.h"
#include "config/printing.h"
#include "config/references.h"

namespace authd::config {
namespace {

constexpr std::size_t kMostPemBytes = 1024 * 1024; // a bundle of every public authority has a quarter of it

// The settings of one end of TLS.
struct Names {
  std::string_view section;
  std::string_view certificate;
  std::string_view key;
  std::string_view authorities;
  bool serves; // a server, whose authorities say which clients may connect
};

constexpr Names kServer{"server", "tls.certificate", "tls.key", "tls.client_ca", true};
constexpr Names kGateway{"gateway", "client_certificate", "client_key", "ca_file", false};
// Nothing but authorities: the collector is shown no certificate.
constexpr Names kCollector{"telemetry", "", "", "ca_file", false};

// One of the three, and what its file holds.
struct PemFile {
  std::string path; // of the setting: "server.tls.key"
  const Node* node; // null: not set
  std::optional<Secret> text = {};

  std::optional<std::string_view> content() const { return text ? std::optional(text->reveal()) : std::nullopt; }
};

class TlsFiles {
 public:
  // `has`: whether the setting of that name is set, and the host's.
  TlsFiles(const Names& names, const std::vector<Section>& sections, Problems& problems,
           const std::function<bool(std::string_view key)>& has)
      : names_(names), problems_(problems), certificate_(named(names.certificate, sections, has)),
        key_(named(names.key, sections, has)), authorities_(named(names.authorities, sections, has)) {}

  std::shared_ptr<const TlsIdentity> read(Config& config) {
    bool whole = go_together();
    for (PemFile* file : {&certificate_, &key_, &authorities_}) whole = read_text(*file) && whole;
    // What is there is judged although something is missing, so that everything wrong is said at once.
    auto identity =
        TlsIdentity::make({certificate_.content(), key_.content(), authorities_.content()}, certificate_.path);
    if (!identity) return report(identity.error());
    if (!whole) return nullptr;
    if (auto warning = (*identity)->warning())
      config.warnings.push_back(fmt::format("{}: {} {}", certificate_.path, shown(certificate_), *warning));
    return *identity;
  }

 private:
  PemFile named(std::string_view key, const std::vector<Section>& sections,
                const std::function<bool(std::string_view key)>& has) const {
    return {fmt::format("{}.{}", names_.section, key), has(key) ? value_at(sections, names_.section, key) : nullptr};
  }

  static std::string shown(const PemFile& file) { return config::shown(*file.node, Shape{}); }

  // Whether there is something to read, and all that it takes.
  bool go_together() {
    const bool certificate = certificate_.node != nullptr;
    const bool key = key_.node != nullptr;
    const bool authorities = authorities_.node != nullptr;
    if (certificate && !key) missing(certificate_, key_, "the certificate needs its private key");
    if (key && !certificate) missing(key_, certificate_, "the key needs its certificate");
    if (names_.serves && authorities && !certificate && !key)
      missing(authorities_, certificate_, "client certificates need a server that speaks TLS");
    if (certificate != key) return false;
    return certificate || (authorities && !names_.serves);
  }

  void missing(const PemFile& set, const PemFile& wanted, std::string_view why) {
    problems_.add(set.node->origin, set.path, fmt::format("{} is not set: {}; set both, or neither", wanted.path, why));
  }

  // False: it is set, and there is no text of it.
  bool read_text(PemFile& file) {
    if (file.node == nullptr) return true;
    if (file.node->kind != Node::Kind::string || file.node->unknown) return false;
    const std::string name(file.node->text.reveal());
    if (is_reference(name)) return false; // which could not be resolved, and was reported
    if (name.find("-----BEGIN") != std::string::npos) {
      problems_.add(file.node->origin, file.path, "expected the path of a file, got its content");
      return false;
    }
    auto text = read_file(name, kMostPemBytes);
    if (text) {
      file.text = std::move(*text);
      return true;
    }
    // Without the path before it: one that came through a reference is not printed.
    const std::string why = text.error().substr(name.size() + 2);
    problems_.add(file.node->origin, file.path,
                  fmt::format("{}: {}; name a PEM file that authd's user can read", shown(file), why));
    return false;
  }

  std::nullptr_t report(const std::vector<TlsIdentity::Fault>& faults) {
    for (const TlsIdentity::Fault& fault : faults) {
      const PemFile& file = fault.part == TlsIdentity::Part::certificate ? certificate_
                            : fault.part == TlsIdentity::Part::key       ? key_
                                                                         : authorities_;
      problems_.add(file.node->origin, file.path, fmt::format("{} {}", shown(file), fault.what));
    }
    return nullptr;
  }

  const Names& names_;
  Problems& problems_;
  PemFile certificate_;
  PemFile key_;
  PemFile authorities_;
};

} // namespace

void read_tls_files(const std::vector<Section>& sections, Config& config, Problems& problems) {
  const auto any = [](std::string_view) { return true; };
  config.server.tls.identity = TlsFiles(kServer, sections, problems, any).read(config);
  // What a plugin has under these names was not applied to the configuration.
  OutgoingTls& tls = config.gateway.tls;
  const auto applied = [&tls](std::string_view key) {
    const std::string& value = key == kGateway.authorities   ? tls.ca_file
                               : key == kGateway.certificate ? tls.client_certificate
                                                             : tls.client_key;
    return !value.empty();
  };
  tls.identity = TlsFiles(kGateway, sections, problems, applied).read(config);
  const auto authorities_alone = [](std::string_view key) { return key == kCollector.authorities; };
  config.telemetry.otlp.identity = TlsFiles(kCollector, sections, problems, authorities_alone).read(config);
}

} // namespace authd::config
