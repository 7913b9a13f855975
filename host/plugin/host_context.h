// SPDX-License-Identifier: Apache-2.0
// The host's side of authd_host: one table per plugin instance, so that each of its callbacks knows whose
// it is.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "authd/abi.h"
#include "base/log.h"
#include "config/config.h"
#include "plugin/redaction.h"

struct authd_cfg {
  const authd::config::PluginSettings& settings;
};

namespace authd::plugin {

// Services by id ("authd.http/1"). A function gives the table for one instance, the same each time; the
// table must outlive the instance.
using Services = std::map<std::string, std::function<const void*(const authd_host*)>, std::less<>>;

// Never moves: the plugin keeps the address of its table.
class HostContext {
 public:
  HostContext(std::string instance, std::string plugin_id, config::PluginSettings settings, Services services,
              Log& log);
  HostContext(const HostContext&) = delete;
  HostContext& operator=(const HostContext&) = delete;

  const authd_host* abi() const { return &table_; }
  const authd_cfg* settings() const { return &cfg_; }
  const Redaction& redaction() const { return redaction_; }
  const std::string& instance() const { return instance_; }
  const std::string& plugin_id() const { return plugin_id_; }
  Log& log() const { return log_; }
  const void* service(std::string_view id) const;

 private:
  const std::string instance_;
  const std::string plugin_id_;
  const config::PluginSettings settings_;
  const Services services_;
  Log& log_;
  const Redaction redaction_;
  const authd_cfg cfg_{settings_};
  authd_host table_;
};

} // namespace authd::plugin
