// SPDX-License-Identifier: Apache-2.0
#include "modules/events.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "authd/services.h"
#include "base/abi_views.h"
#include "base/call.h"
#include "base/json_writer.h"

namespace authd::modules {
namespace {

constexpr std::size_t kMostJson = 8 * 1024;
constexpr std::size_t kMostSubject = 256;

authd_status fail(const Call* call, CallStatus status, std::string why) {
  if (call != nullptr) call->record({status, 0, milliseconds(0), std::move(why)});
  return static_cast<authd_status>(status);
}

} // namespace

struct EventBus::Table {
  authd_events_v1 abi;
  EventBus& bus;
  std::string instance;
  std::vector<std::string> emits;

  static authd_status emit(const authd_events_v1* table, const authd_call* abi_call, authd_str type, authd_str subject,
                           authd_bytes json) noexcept try {
    const Table& self = *reinterpret_cast<const Table*>(table);
    const Call* call = abi_call != nullptr ? Call::from_abi(abi_call) : nullptr;
    if (call != nullptr && call->first_pass()) return AUTHD_WOULD_BLOCK;
    const Event event{std::string(view(type)), std::string(view(subject)), std::string(view(json))};
    if (std::find(self.emits.begin(), self.emits.end(), event.type) == self.emits.end())
      return fail(call, CallStatus::denied, fmt::format("its note does not say that it emits {}", event.type));
    if (event.json.size() > kMostJson || event.subject.size() > kMostSubject)
      return fail(call, CallStatus::invalid, "an event of more than 8 KiB, or a subject of more than 256 bytes");
    if (!is_utf8(event.json) || !is_utf8(event.subject))
      return fail(call, CallStatus::invalid, "an event that is not UTF-8");
    self.bus.emit(self.instance, call != nullptr ? call->request_id() : "", event);
    return AUTHD_OK;
  } catch (const std::exception& e) {
    return fail(abi_call != nullptr ? Call::from_abi(abi_call) : nullptr, CallStatus::internal, e.what());
  }
};

std::shared_ptr<const void> EventBus::service_for(const plugin::ServiceUser& user) {
  const auto made =
      std::make_shared<Table>(Table{{sizeof(authd_events_v1), 0, user.host, &Table::emit},
                                    *this,
                                    std::string(user.instance),
                                    user.declared != nullptr ? user.declared->emits : std::vector<std::string>()});
  return {made, &made->abi};
}

void EventBus::replace_listeners(std::vector<Listener> listeners) {
  const std::lock_guard lock(mutex_);
  listeners_.swap(listeners);
}

std::vector<EventBus::Count> EventBus::counts() const {
  const std::lock_guard lock(mutex_);
  std::vector<Count> all;
  for (const auto& [key, events] : counts_) all.push_back({key.first, key.second, events});
  return all;
}

void EventBus::emit(std::string_view instance, std::string_view request_id, const Event& event) {
  log_.write_always(event.type, "a module's event",
                    {{"authd.plugin.instance", instance},
                     {"authd.event.subject", event.subject},
                     {"authd.event.data", event.json},
                     {"http.request.id", request_id}});
  const std::lock_guard lock(mutex_);
  ++counts_[{std::string(instance), event.type}];
  for (const Listener& listener : listeners_)
    if (std::find(listener.types.begin(), listener.types.end(), event.type) != listener.types.end())
      listener.hear(event);
}

} // namespace authd::modules
