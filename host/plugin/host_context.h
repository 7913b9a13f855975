// SPDX-License-Identifier: Apache-2.0
// The host's side of authd_host: one table per plugin instance, so that each of its callbacks knows whose
// it is.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "authd/abi.h"
#include "authd/calls.h"
#include "base/log.h"
#include "base/tls_identity.h"
#include "config/config.h"
#include "plugin/declared.h"
#include "plugin/redaction.h"

struct authd_cfg {
  const authd::config::PluginSettings& settings;
};

namespace authd::plugin {

// The instance that asks for a service.
struct ServiceUser {
  const authd_host* host;
  std::string_view instance;
  unsigned min_minor;                               // of its plugin: the least ABI minor that it needs
  std::shared_ptr<const TlsIdentity> tls = nullptr; // config::OutgoingTls::identity
  const Declared* declared = nullptr;               // of its note; null: it declares nothing
  std::string_view base_url = {};                   // what clients call it: the issuer of its tokens; empty: not said
};

// Services by id ("authd.http/1"). A function makes the table for one instance. It is called once for each
// instance that asks, which keeps what it got until its own end: what a service has for an instance goes
// with the instance, and a later one at the same address never finds it.
using Services = std::map<std::string, std::function<std::shared_ptr<const void>(const ServiceUser&)>, std::less<>>;

const authd_calls_v1* own_calls(); // service "authd.calls/1": the one table, for all instances

// Never moves: the plugin keeps the address of its table.
class HostContext {
 public:
  HostContext(std::string instance, std::string plugin_id, config::PluginSettings settings, Services services, Log& log,
              unsigned min_minor = AUTHD_ABI_MINOR, std::shared_ptr<const TlsIdentity> tls = nullptr,
              std::shared_ptr<const Declared> declared = nullptr, std::string base_url = {});
  HostContext(const HostContext&) = delete;
  HostContext& operator=(const HostContext&) = delete;

  const authd_host* abi() const { return &table_; }
  const authd_cfg* settings() const { return &cfg_; }
  const Redaction& redaction() const { return redaction_; }
  const std::string& instance() const { return instance_; }
  const std::string& plugin_id() const { return plugin_id_; }
  unsigned min_minor() const { return min_minor_; }
  Log& log() const { return log_; }
  // nullptr: there is none, or the component declares what it needs, and not this one. [thread-safe]
  const void* service(std::string_view id) const;
  // Whether it was asked for one that there is. [thread-safe]
  bool uses(std::string_view id) const;

 private:
  const std::string instance_;
  const std::string plugin_id_;
  const unsigned min_minor_;
  const config::PluginSettings settings_;
  const Services services_;
  const std::shared_ptr<const TlsIdentity> tls_;
  const std::shared_ptr<const Declared> declared_;
  const std::string base_url_;
  Log& log_;
  const Redaction redaction_;
  const authd_cfg cfg_{settings_};
  authd_host table_;
  mutable std::mutex opened_mutex_;
  mutable std::map<std::string, std::shared_ptr<const void>, std::less<>> opened_; // by id
};

} // namespace authd::plugin
