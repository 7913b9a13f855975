// SPDX-License-Identifier: Apache-2.0
#include "support/redis_server.h"

#include <csignal>
#include <sstream>
#include <stdexcept>

#include <Poco/Redis/Array.h>
#include <Poco/Redis/Client.h>
#include <Poco/Redis/Command.h>
#include <Poco/Redis/Error.h>

namespace authd::test {
namespace {

using Poco::Redis::RedisType;

constexpr const char* kServer = REDIS_SERVER;
constexpr const char* kCli = REDIS_CLI;
constexpr std::chrono::seconds kPatience{30};

bool contains(const std::string& line, std::string_view text) { return line.find(text) != std::string::npos; }

template <class T>
const T& value(const RedisType& reply) {
  return dynamic_cast<const Poco::Redis::Type<T>&>(reply).value();
}

std::string text_of(const RedisType& reply) {
  if (reply.isInteger()) return std::to_string(value<Poco::Int64>(reply));
  if (reply.isSimpleString()) return value<std::string>(reply);
  if (reply.isError()) return "-" + value<Poco::Redis::Error>(reply).getMessage();
  if (reply.isBulkString()) {
    const auto& text = value<Poco::Redis::BulkString>(reply);
    return text.isNull() ? "(nil)" : text.value();
  }
  const auto& array = value<Poco::Redis::Array>(reply);
  std::string all;
  if (array.isNull()) return all;
  for (const auto& element : array) all += text_of(*element) + "\n";
  return all;
}

// `count` lines that hold `text`.
bool await_lines(const ChildProcess& process, std::string_view text, std::size_t count) {
  std::size_t seen = 0;
  return process.await_line([&](const std::string& line) { return contains(line, text) && ++seen == count; }, kPatience)
      .has_value();
}

} // namespace

// --- one -----------------------------------------------------------------------------------------------

// Another test may take a port between its choice and its use.
RedisServer::RedisServer(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = free_port();
    if (try_start()) return;
  }
  throw std::runtime_error("redis-server does not start: " + process_->everything());
}

bool RedisServer::try_start() {
  const std::string dir = folder_.path().string();
  std::vector<std::string> all{
      kServer,        "--port", std::to_string(port_),        "--bind", "127.0.0.1", "--dir", dir, "--save", "",
      "--appendonly", "no",     "--repl-diskless-sync-delay", "0"};
  all.insert(all.end(), arguments_.begin(), arguments_.end());
  process_ = std::make_unique<ChildProcess>(std::move(all));
  return process_
      ->await_line([](const std::string& line) { return contains(line, "Ready to accept connections"); }, kPatience)
      .has_value();
}

std::string RedisServer::url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

RedisAnswer RedisServer::run(const std::vector<std::string>& command, const std::string& password) const {
  Poco::Redis::Client client;
  client.connect("127.0.0.1", port_);
  client.setReceiveTimeout(Poco::Timespan(kPatience.count(), 0));
  if (!password.empty()) {
    Poco::Redis::Command auth("AUTH");
    client.sendCommand(auth << password);
  }
  Poco::Redis::Array words;
  for (const std::string& word : command) words << word;
  return text_of(*client.sendCommand(words));
}

std::size_t RedisServer::calls_of(const std::string& command) const {
  const std::string stats = run({"INFO", "commandstats"});
  const std::string name = "cmdstat_" + command + ":calls=";
  const auto at = stats.find(name);
  return at == std::string::npos ? 0 : std::stoul(stats.substr(at + name.size()));
}

std::vector<std::string> RedisServer::subscribers() const {
  std::istringstream list(run({"CLIENT", "LIST", "TYPE", "pubsub"}));
  std::vector<std::string> out;
  for (std::string line; std::getline(list, line);) {
    if (!line.empty()) out.push_back(line);
  }
  return out;
}

void RedisServer::kill() {
  process_->signal(SIGKILL);
  process_->await_exit(kPatience);
}

void RedisServer::restart() {
  kill();
  if (!try_start()) throw std::runtime_error("redis-server does not start again: " + process_->everything());
}

void RedisServer::freeze() { process_->signal(SIGSTOP); }
void RedisServer::thaw() { process_->signal(SIGCONT); }

// --- sentinels -----------------------------------------------------------------------------------------

RedisSentinels::RedisSentinels(const std::string& password) {
  servers_.push_back(std::make_unique<RedisServer>());
  servers_.push_back(std::make_unique<RedisServer>(
      std::vector<std::string>{"--replicaof", "127.0.0.1 " + std::to_string(first_master().port())}));
  if (!await_lines(first_replica().process(), "Finished with success", 1))
    throw std::runtime_error("the replica does not follow: " + first_replica().process().everything());
  for (int i = 0; i < 3; ++i) start_sentinel(password);
  for (const Sentinel& sentinel : sentinels_) {
    if (!await_lines(*sentinel.process, "+sentinel sentinel", 2) || !await_lines(*sentinel.process, "+slave slave", 1))
      throw std::runtime_error("a sentinel is alone: " + sentinel.process->everything());
  }
}

void RedisSentinels::start_sentinel(const std::string& password) {
  const std::uint16_t port = free_port();
  const std::string name = "sentinel-" + std::to_string(port);
  std::filesystem::create_directory(folder_.path() / name);
  std::string conf =
      "port " + std::to_string(port) + "\nbind 127.0.0.1\ndir " + (folder_.path() / name).string() + "\n";
  const std::string master(kMaster);
  conf += "sentinel monitor " + master + " 127.0.0.1 " + std::to_string(first_master().port()) + " 2\n";
  conf += "sentinel down-after-milliseconds " + master + " 600\nsentinel failover-timeout " + master + " 3000\n";
  if (!password.empty()) conf += "requirepass " + password + "\nsentinel sentinel-pass " + password + "\n";
  const std::string file = folder_.write(name + ".conf", conf);
  sentinels_.push_back({port, std::make_unique<ChildProcess>(std::vector<std::string>{kServer, file, "--sentinel"})});
}

std::string RedisSentinels::url() const {
  std::string all = "redis+sentinel://";
  for (const Sentinel& sentinel : sentinels_)
    all += (all.back() == '/' ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(sentinel.port);
  return all + "/" + kMaster;
}

bool RedisSentinels::await_failover() const { return await_lines(*sentinels_.back().process, "+switch-master", 1); }

// --- cluster -------------------------------------------------------------------------------------------

RedisCluster::RedisCluster() {
  std::vector<std::string> create{kCli, "--cluster", "create"};
  for (int i = 0; i < 3; ++i) {
    nodes_.push_back(std::make_unique<RedisServer>(std::vector<std::string>{
        "--cluster-enabled", "yes", "--cluster-port", std::to_string(free_port()), "--cluster-node-timeout", "2000"}));
    create.push_back("127.0.0.1:" + std::to_string(nodes_.back()->port()));
  }
  create.push_back("--cluster-yes");
  ChildProcess cli(std::move(create));
  if (cli.await_exit(kPatience) != 0) throw std::runtime_error("no cluster: " + cli.everything());
  for (const auto& node : nodes_)
    if (!await_lines(node->process(), "Cluster state changed: ok", 1))
      throw std::runtime_error("a node does not join: " + node->process().everything());
}

std::string RedisCluster::url() const { return "redis+cluster://127.0.0.1:" + std::to_string(nodes_[0]->port()); }

std::string RedisCluster::id_of(std::size_t i) const { return nodes_[i]->run({"CLUSTER", "MYID"}); }

std::uint16_t RedisCluster::slot_of(std::string_view key) const {
  return static_cast<std::uint16_t>(std::stoi(nodes_[0]->run({"CLUSTER", "KEYSLOT", std::string(key)})));
}

std::size_t RedisCluster::owner_of(std::string_view key) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (nodes_[i]->run({"GET", std::string(key)}).rfind("-MOVED", 0) != 0) return i;
  throw std::runtime_error("no node has this key's slot");
}

void RedisCluster::set_slot(std::size_t at, std::uint16_t slot, const std::string& state, std::size_t peer) const {
  const auto answer = nodes_[at]->run({"CLUSTER", "SETSLOT", std::to_string(slot), state, id_of(peer)});
  if (answer != "OK") throw std::runtime_error("SETSLOT: " + answer);
}

} // namespace authd::test
