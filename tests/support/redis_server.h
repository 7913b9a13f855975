// SPDX-License-Identifier: Apache-2.0
// Real redis-server processes (build/tools/bin or Debian's): one, a master with a replica and
// three sentinels, a cluster of three masters. Each keeps nothing on disk but what it needs to be
// restarted, listens on loopback and is gone at the end of the test.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/child_process.h"
#include "support/free_port.h"
#include "support/temp_dir.h"

namespace authd::test {

// One answer, as text: strings as they are, integers in digits, null as "(nil)", an error as "-CODE ...",
// an array as its elements, each followed by a newline.
using RedisAnswer = std::string;

class RedisServer {
 public:
  // More of redis.conf, as on its command line: {"--maxmemory", "2mb"}. Returns once it answers.
  explicit RedisServer(std::vector<std::string> arguments = {});

  std::uint16_t port() const { return port_; }
  std::string url() const; // redis://127.0.0.1:port
  const TempDir& folder() const { return folder_; }
  ChildProcess& process() { return *process_; }

  // What this answers, over a connection of its own. `password` first logs in.
  RedisAnswer run(const std::vector<std::string>& command, const std::string& password = {}) const;

  // How often it was called since the start or CONFIG RESETSTAT; in lower case: "get".
  std::size_t calls_of(const std::string& command) const;
  // The lines of CLIENT LIST for the connections that are subscribed to something.
  std::vector<std::string> subscribers() const;

  void kill();    // SIGKILL
  void restart(); // on the same port, empty
  void freeze();  // SIGSTOP
  void thaw();    // SIGCONT

 private:
  void start();
  bool try_start();

  TempDir folder_;
  std::vector<std::string> arguments_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

class RedisSentinels {
 public:
  static constexpr const char* kMaster = "authd-test";

  // `password` is what the sentinels themselves ask for. Returns once they know each other and the replica.
  explicit RedisSentinels(const std::string& password = {});

  std::string url() const; // redis+sentinel://..., without userinfo
  RedisServer& first_master() { return *servers_[0]; }
  RedisServer& first_replica() { return *servers_[1]; }
  std::size_t count() const { return sentinels_.size(); }
  ChildProcess& sentinel(std::size_t i) { return *sentinels_[i].process; }
  // Until a sentinel has announced the replica as master.
  bool await_failover() const;

 private:
  struct Sentinel {
    std::uint16_t port;
    std::unique_ptr<ChildProcess> process;
  };
  void start_sentinel(const std::string& password);

  TempDir folder_;
  std::vector<std::unique_ptr<RedisServer>> servers_;
  std::vector<Sentinel> sentinels_;
};

class RedisCluster {
 public:
  RedisCluster(); // three masters, all slots served

  std::string url() const; // redis+cluster://..., the first node only
  RedisServer& node(std::size_t i) { return *nodes_[i]; }
  std::string id_of(std::size_t i) const;
  std::size_t owner_of(std::string_view key) const; // index of a node
  std::uint16_t slot_of(std::string_view key) const;
  void set_slot(std::size_t at, std::uint16_t slot, const std::string& state, std::size_t peer) const;

 private:
  std::vector<std::unique_ptr<RedisServer>> nodes_;
};

} // namespace authd::test
