// SPDX-License-Identifier: Apache-2.0
// The gateway adapter over Kong's declarative file: read-only, for DB-less Kong and for trying authd out.
// A file that cannot be used is a failed create; one that comes later is refused, and what was read before
// goes on serving. Of a file that is taken the host learns whose credentials are others now.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "authd/consumers.hpp"
#include "authd/gateway.hpp"
#include "consumer_index.h"
#include "declarative_file.h"
#include "file_watcher.h"

namespace authd::kong_declarative {

class DeclarativeGateway {
 public:
  static constexpr sdk::ComponentInfo info{.name = "kong-declarative",
                                           .summary = "Consumers and credentials of Kong's declarative file, read-only",
                                           .schema = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["file"],
  "properties": {
    "file": {
      "type": "string", "format": "path", "minLength": 1,
      "description": "Kong's declarative configuration, YAML or JSON.",
      "examples": ["/etc/authd/kong.yml"]
    },
    "watch": {
      "type": "boolean", "default": true,
      "description": "Whether the file is read again when it is replaced or written."
    }
  }
})"};

  DeclarativeGateway(sdk::Host host, const sdk::Config& config, sdk::Call& call);

  sdk::Status start(sdk::Call& call);
  sdk::Status stop(sdk::Call& call);
  sdk::Status get_secret(sdk::Call& call, std::string_view consumer, sdk::CredentialSink& out);
  sdk::Status resolve(sdk::Call& call, std::string_view consumer, sdk::ByteSink& id);
  sdk::Status probe(sdk::Call& call, sdk::HealthReport& out);

 private:
  using Index = std::shared_ptr<const ConsumerIndex>;
  struct Found {
    Index index; // keeps the consumer
    const Consumer* consumer;
  };

  std::string read_file(); // why it cannot be used, empty when it is in use now
  void file_changed();
  void report_changes(const ConsumerIndex& before, const ConsumerIndex& after) const;
  void watch_folder();
  void use(Index index, std::string trouble);
  Index index() const;
  sdk::Result<Found> find(sdk::Call& call, std::string_view consumer) const;
  void log_read(const ConsumerIndex& index, const std::vector<std::size_t>& reference_lines) const;

  const sdk::Host host_;
  const sdk::Consumers consumers_;
  const std::string file_;
  const bool watch_;
  std::optional<FileState> seen_; // of the last read; after create for the watcher's thread only

  mutable std::mutex mutex_; // guards what follows
  Index index_;              // never NULL
  std::string trouble_;      // why the file as it is now cannot be used

  std::unique_ptr<FileWatcher> watcher_; // last: its thread uses all of the above
};

} // namespace authd::kong_declarative
