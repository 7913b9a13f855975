// SPDX-License-Identifier: Apache-2.0
#include "realm_provisioner.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>

#include "authd/path_segment.hpp"
#include "kong-admin/credentials.h"

namespace authd::kong_konnect {
namespace {

using sdk::milliseconds;
using sdk::Status;

constexpr milliseconds kAttemptTimeout(10'000);
// Waits of 1, 2, 4, ... 256, 300 s: together a quarter of an hour.
constexpr int kMostAttempts = 10;
constexpr milliseconds kFirstWait(1000);
constexpr milliseconds kLongestWait(300'000);

std::string segment_of(const std::string& name) {
  const auto segment = sdk::path_segment(name);
  if (!segment) throw sdk::InvalidSetting("/realm", "cannot be part of a URL");
  return *segment;
}

// A control plane that has no id serves its own realms alone.
std::string body_of(const std::string& name, const ControlPlane& plane) {
  const std::string allowed =
      plane.id.empty() ? std::string() : ",\"allowed_control_planes\":[" + kong_admin::quoted(plane.id) + "]";
  return "{\"name\":" + kong_admin::quoted(name) + allowed + "}";
}

// Signals are for the host's own threads; a fault of this one must reach the host's report of it, and SIGPROF its
// profiles.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  for (const int open : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPROF}) sigdelset(&all, open);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

} // namespace

RealmProvisioner::RealmProvisioner(const sdk::Host& host, const kong_admin::AdminClient& client,
                                   const ControlPlane& plane, std::string name)
    : host_(host), calls_(host), client_(client), name_(std::move(name)), realms_(plane.realms),
      realm_(realms_ + "/" + segment_of(name_)), body_(body_of(name_, plane)) {}

void RealmProvisioner::start() {
  thread_ = std::thread([this] {
    block_signals();
    run();
  });
}

void RealmProvisioner::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (under_way_) under_way_->withdraw();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  under_way_.reset();
}

std::string RealmProvisioner::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void RealmProvisioner::run() {
  milliseconds wait = kFirstWait;
  for (int n = 1; n <= kMostAttempts; ++n) {
    const auto failure = attempt();
    if (!failure || stopping_after(*failure)) return;
    if (!pause(std::max(wait, failure->retry_after))) return;
    wait = std::min(wait * 2, kLongestWait);
  }
}

// Why it failed; nothing when it is done, or when there is nothing more to do.
std::optional<RealmProvisioner::Failure> RealmProvisioner::attempt() try {
  sdk::Call* const call = begin();
  if (call == nullptr) return std::nullopt;
  const Status status = ensure(*call);
  const std::lock_guard lock(mutex_);
  if (status != Status::ok) return under_way_->failure();
  trouble_.clear();
  return std::nullopt;
} catch (const std::exception& e) {
  return Failure{e.what(), 0, {}};
}

sdk::Call* RealmProvisioner::begin() {
  const std::lock_guard lock(mutex_);
  if (stopping_) return nullptr;
  under_way_.emplace(calls_.open(kAttemptTimeout));
  return &under_way_->call();
}

// A create that timed out may have been carried out: the next attempt begins with looking again.
Status RealmProvisioner::ensure(sdk::Call& call) const {
  const auto found = client_.send(call, "GET", realm_);
  if (!found) return found.status();
  if (found->status != 200 && found->status != 404) return classify(call, *found);
  bool made = false;
  if (found->status == 404) {
    const auto created = client_.send(call, "POST", realms_, body_);
    if (!created) return created.status();
    made = created->status == 201 || created->status == 200;
    // A conflict: another instance was faster.
    if (!made && classify(call, *created) != Status::conflict) return Status::unavailable;
  }
  call.log(sdk::Level::info, "realm-ready", "the realm " + name_ + (made ? " was created" : " exists"));
  return Status::ok;
}

// Warns of the first failure only, and not of one that stop brought about.
bool RealmProvisioner::stopping_after(const Failure& failure) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return true;
  const bool first = trouble_.empty();
  trouble_ = "the realm " + name_ + " is not ready: " + failure.message;
  if (first)
    host_.log(sdk::Level::warn, "realm-not-ready",
              trouble_ + ". Tokens do not need it. authd tries again; set realm = \"\" to do without a realm");
  return false;
}

bool RealmProvisioner::pause(milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stopping_; });
}

} // namespace authd::kong_konnect
