// SPDX-License-Identifier: Apache-2.0
// Makes connections that are ready for commands: connected, secured, logged in, and with a server behind
// them that answers.
#pragma once

#include <memory>

#include "connection.h"
#include "settings.h"

namespace authd::cache_redis {

class Dialer {
 public:
  // Borrows the settings. Throws std::invalid_argument for a ca_file that cannot be read.
  explicit Dialer(const Settings& settings);

  // To a server of data. Where sentinels say who is master, it must agree that it is. Status::denied when
  // the log-in is refused. Bounded by connect_timeout too.
  Outcome<std::unique_ptr<Connection>> dial(const Endpoint& to, const Deadline& deadline) const;
  Outcome<std::unique_ptr<Connection>> dial_sentinel(const Endpoint& to, const Deadline& deadline) const;

  const Settings& settings() const { return settings_; }

 private:
  Outcome<std::unique_ptr<Connection>> open(const Endpoint& to, const Account& account,
                                            const Deadline& deadline) const;
  Outcome<std::unique_ptr<Connection>> greet(const Endpoint& to, const Deadline& deadline) const;
  template <class Attempt>
  Outcome<std::unique_ptr<Connection>> guarded(Attempt&& attempt) const;

  const Settings& settings_;
  const Poco::Net::Context::Ptr tls_; // null: plain
};

} // namespace authd::cache_redis
