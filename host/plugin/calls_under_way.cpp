// SPDX-License-Identifier: Apache-2.0
#include "plugin/calls_under_way.h"

#include <atomic>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include <pthread.h>

#include "base/json_writer.h"
#include "base/signal_stack.h"

namespace authd::plugin {
namespace {

// Written by its thread alone. `sequence` is odd while the rest is being written; a reader that sees the same
// even number before and after has read one call's. The rest is stored with release and loaded with acquire,
// so that who sees a new value sees the odd number too.
struct alignas(64) Record {
  std::atomic<std::uint64_t> sequence{0};
  std::atomic<const Callee*> callee{nullptr};
  std::atomic<const char*> operation{nullptr};
  std::atomic<SteadyTime::rep> deadline{0};
  std::atomic<bool> taken{true};      // by a thread that lives
  std::optional<SignalStack> stack{}; // the thread's: who calls plugins may have to report their crash
  std::size_t number = 0;
  Record* next = nullptr;
};

// Only ever pushed to: a record outlives its thread and serves a later one.
std::atomic<Record*> all_records{nullptr};

// A pointer without a constructor, because it is read by each call and by signal handlers.
constinit thread_local Record* mine = nullptr;

Record* take_free_record() {
  for (Record* record = all_records.load(std::memory_order_acquire); record != nullptr; record = record->next) {
    bool taken = false;
    if (record->taken.compare_exchange_strong(taken, true, std::memory_order_acquire)) return record;
  }
  return nullptr;
}

Record* push_record() {
  auto* record = new (std::nothrow) Record;
  if (record == nullptr) return nullptr;
  record->next = all_records.load(std::memory_order_acquire); // its number is read
  do {
    record->number = record->next != nullptr ? record->next->number + 1 : 0;
  } while (
      !all_records.compare_exchange_weak(record->next, record, std::memory_order_release, std::memory_order_acquire));
  return record;
}

void leave_records(void* record) {
  mine = nullptr;
  static_cast<Record*>(record)->stack.reset();
  static_cast<Record*>(record)->taken.store(false, std::memory_order_release);
}

// Not the destructor of a thread_local: registering one takes the dynamic linker's lock, which a plugin that
// hangs in dlopen holds, and exit() runs it, before the log could say which plugin called exit().
void leave_with_thread(Record* record) {
  static const auto key = [] {
    pthread_key_t made{};
    return ::pthread_key_create(&made, &leave_records) == 0 ? std::optional(made) : std::nullopt;
  }();
  if (key) ::pthread_setspecific(*key, record); // otherwise the record is not used again
}

Record* join_records() {
  Record* record = take_free_record();
  if (record == nullptr) record = push_record();
  if (record == nullptr) return nullptr; // no memory: this thread's calls go unnamed
  record->stack.emplace();
  leave_with_thread(record);
  return mine = record;
}

void write(Record& record, const Callee* callee, const char* operation, SteadyTime deadline) {
  const std::uint64_t sequence = record.sequence.load(std::memory_order_relaxed);
  record.sequence.store(sequence + 1, std::memory_order_release);
  record.callee.store(callee, std::memory_order_release);
  record.operation.store(operation, std::memory_order_release);
  record.deadline.store(deadline.time_since_epoch().count(), std::memory_order_release);
  record.sequence.store(sequence + 2, std::memory_order_release);
}

SteadyTime deadline_of(const Record& record) {
  return SteadyTime(SteadyTime::duration(record.deadline.load(std::memory_order_acquire)));
}

// callee is null: no call, or it changed while it was read.
CallUnderWay read(const Record& record) {
  const std::uint64_t before = record.sequence.load(std::memory_order_acquire);
  const CallUnderWay call{record.callee.load(std::memory_order_acquire),
                          record.operation.load(std::memory_order_acquire), deadline_of(record), record.number, before};
  const bool consistent = before % 2 == 0 && before == record.sequence.load(std::memory_order_relaxed);
  return consistent ? call : CallUnderWay{};
}

std::string fields_of(std::string_view plugin_id, std::string_view instance) {
  std::string text;
  JsonWriter(text).begin_object().member("authd.plugin.id", plugin_id).member("authd.plugin.instance", instance);
  text.front() = ',';
  return text;
}

} // namespace

const Callee& callee(std::string_view plugin_id, std::string_view instance) {
  using Names = std::pair<std::string, std::string>;
  static std::mutex mutex;
  static auto& known = *new std::map<Names, const Callee>; // threads may outlive what exit() destroys
  const std::lock_guard lock(mutex);
  Names names{plugin_id, instance};
  const auto found = known.find(names);
  if (found != known.end()) return found->second;
  Callee made{names.first, names.second, fields_of(plugin_id, instance)};
  return known.emplace(std::move(names), std::move(made)).first->second;
}

EnteredCall::EnteredCall(const Callee& callee, const char* operation, SteadyTime deadline) noexcept
    : outer_callee_(nullptr), outer_operation_(nullptr), outer_deadline_(deadline) {
  Record* record = mine != nullptr ? mine : join_records();
  if (record == nullptr) return;
  outer_callee_ = record->callee.load(std::memory_order_relaxed);
  outer_operation_ = record->operation.load(std::memory_order_relaxed);
  outer_deadline_ = deadline_of(*record);
  write(*record, &callee, operation, deadline);
}

EnteredCall::~EnteredCall() {
  if (mine != nullptr) write(*mine, outer_callee_, outer_operation_, outer_deadline_);
}

CallUnderWay call_of_this_thread() noexcept { return mine != nullptr ? read(*mine) : CallUnderWay{}; }

void visit_calls_under_way(const std::function<void(const CallUnderWay&)>& visit) {
  for (const Record* record = all_records.load(std::memory_order_acquire); record != nullptr; record = record->next) {
    if (const CallUnderWay call = read(*record); call.callee != nullptr) visit(call);
  }
}

bool is_reactor_held(SteadyTime now) {
  bool held = false;
  visit_calls_under_way(
      [&](const CallUnderWay& call) { held = held || (call.operation == kFirstPass && call.deadline < now); });
  return held;
}

} // namespace authd::plugin
