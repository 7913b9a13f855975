// SPDX-License-Identifier: Apache-2.0
#include "plugin/endpoint.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/abi_views.h"
#include "base/field_syntax.h"
#include "base/frozen_sizes.h"
#include "plugin/calls_under_way.h"
#include "plugin/instance.h"
#include "plugin/note_reader.h"

// The answer that a call owes. On the stack of the call: a module that keeps the pointer breaks the rules of the ABI.
struct authd_exchange {
  authd::plugin::AnswerTaker& taker;
  bool answered = false;
  std::string refused{}; // why an answer was not taken, the last one
};

namespace authd::plugin {
namespace {

constexpr std::size_t kMostBody = 8 * 1024 * 1024;
constexpr std::size_t kMostFields = 64;

// Those that say how the message is sent are the host's.
constexpr std::string_view kOfTheHost[] = {
    "content-type", "content-length", "connection",        "keep-alive", "proxy-connection",
    "te",           "trailer",        "transfer-encoding", "upgrade",    "x-request-id"};

bool is_of_the_host(std::string_view name) {
  return std::any_of(std::begin(kOfTheHost), std::end(kOfTheHost),
                     [&](std::string_view other) { return equals_ignoring_case(name, other); });
}

std::string field_fault(const authd_field& field) {
  const std::string_view name = view(field.name);
  if (!is_token(name)) return "a field whose name is not a token";
  if (is_of_the_host(name)) return fmt::format("the field {}, which is the host's", name);
  if (!is_field_value(view(field.value))) return fmt::format("a control character in the field {}", name);
  return {};
}

// Empty: it may be sent.
std::string answer_fault(const authd_response& r) {
  if (r.status < 200 || r.status > 599) return fmt::format("the status {}, which is not 200 to 599", r.status);
  if (r.body.n > kMostBody) return fmt::format("a body of {} bytes, more than 8 MiB", r.body.n);
  if (r.body.p == nullptr && r.body.n > 0) return "a body that is NULL, but has a length";
  if (!is_field_value(view(r.content_type))) return "a control character in the content type";
  if (r.body.n > 0 && view(r.content_type).empty()) return "a body without a content type";
  if (r.field_count > kMostFields) return fmt::format("{} fields, more than {}", r.field_count, kMostFields);
  if (r.fields == nullptr && r.field_count > 0) return "fields that are NULL, but have a count";
  for (std::size_t i = 0; i < r.field_count; ++i)
    if (std::string fault = field_fault(r.fields[i]); !fault.empty()) return fault;
  return {};
}

authd_status refuse(const authd_call* call, authd_exchange& exchange, CallStatus status, std::string why) {
  if (call != nullptr) Call::from_abi(call)->record({status, 0, milliseconds(0), why});
  exchange.refused = std::move(why);
  return static_cast<authd_status>(status);
}

authd_status respond(const authd_exchange_v1*, const authd_call* call, authd_exchange* exchange,
                     const authd_response* response) noexcept try {
  if (exchange == nullptr) return AUTHD_INVALID;
  if (exchange->answered) return refuse(call, *exchange, CallStatus::conflict, "answered twice");
  if (!is_whole(response)) return refuse(call, *exchange, CallStatus::invalid, "answered with an incomplete response");
  const authd_response known = known_part(response);
  if (std::string fault = answer_fault(known); !fault.empty())
    return refuse(call, *exchange, CallStatus::invalid, "answered with " + fault);
  exchange->answered = true;
  exchange->taker.take({known.status, view(known.content_type), view(known.body), {known.fields, known.field_count}});
  return AUTHD_OK;
} catch (...) {
  return AUTHD_INTERNAL;
}

HandlerResult faulted(const authd_exchange& exchange, std::string what) {
  return {Handled::faulted, exchange.answered, {CallStatus::internal, 0, milliseconds(0), std::move(what)}};
}

const authd_route& route_at(const authd_endpoint_ops& ops, std::size_t i) {
  // A plugin of another minor has another authd_route, so the array is walked in its stride.
  const auto* first = reinterpret_cast<const std::byte*>(ops.routes);
  return *reinterpret_cast<const authd_route*>(first + i * ops.routes->size);
}

std::string route_fault(const authd_route& route, const DeclaredRoute& said) {
  if (!is_whole(&route)) return "has a route that is shorter than in ABI 1.3";
  if (route.method == nullptr || route.path == nullptr || route.operation == nullptr || route.handle == nullptr)
    return "has a route without method, path, operation or handler";
  const auto operation = canonical_json(route.operation);
  const bool same = said.method == route.method && said.path == route.path && said.flags == route.flags && operation &&
                    *operation == said.operation;
  return same ? std::string() : fmt::format("differs from its note in the route {} {}", said.method, said.path);
}

} // namespace

std::string endpoint_fault(const void* table, const Declared& declared) {
  const auto* ops = static_cast<const authd_endpoint_ops*>(table);
  if (!AUTHD_HAS(ops, routes) || ops->size < offsetof(authd_endpoint_ops, on_event)) return "has no routes";
  if (ops->route_count != declared.routes.size()) return "has another number of routes than its note";
  for (std::size_t i = 0; i < ops->route_count; ++i)
    if (std::string fault = route_fault(route_at(*ops, i), declared.routes[i]); !fault.empty()) return fault;
  return {};
}

std::shared_ptr<const void> exchange_service(const ServiceUser& user) {
  return std::make_shared<authd_exchange_v1>(authd_exchange_v1{sizeof(authd_exchange_v1), 0, user.host, &respond});
}

Endpoint::Endpoint(std::shared_ptr<Instance> instance)
    : instance_(std::move(instance)), ops_(static_cast<const authd_endpoint_ops*>(instance_->component().ops)),
      serialized_((ops_->flags & AUTHD_ENDPOINT_SERIALIZED) != 0) {}

const std::string& Endpoint::name() const { return instance_->name(); }
const std::string& Endpoint::plugin_id() const { return instance_->plugin_id(); }
const Declared& Endpoint::declared() const { return instance_->declared(); }
std::span<const DeclaredRoute> Endpoint::routes() const { return declared().routes; }
const void* Endpoint::data_of(std::size_t route) const { return route_at(*ops_, route).data; }
bool Endpoint::listens() const { return AUTHD_HAS(ops_, on_event) && !declared().listens.empty(); }

authd_status Endpoint::call_handler(std::size_t route, const Call& call, const authd_request& request,
                                    authd_exchange& exchange) const {
  const authd_handler handler = route_at(*ops_, route).handle;
  if (!serialized_) return handler(instance_->self(), call.abi(), &request, &exchange);
  std::unique_lock lock(instance_->serial(), std::defer_lock);
  if (!call.first_pass()) {
    lock.lock();
  } else if (!lock.try_lock()) {
    return AUTHD_WOULD_BLOCK; // a reactor waits for nobody
  }
  return handler(instance_->self(), call.abi(), &request, &exchange);
}

HandlerResult Endpoint::handle(std::size_t route, Call& call, const authd_request& request, AnswerTaker& taker) const {
  authd_exchange exchange{taker};
  authd_status raw = AUTHD_INTERNAL;
  bool threw = true;
  const CallStatus status =
      invoke(instance_->callee(), call.first_pass() ? kFirstPass : "handle", instance_->redaction(), call, [&] {
        raw = call_handler(route, call, request, exchange);
        threw = false;
        return raw;
      });
  if (threw) return faulted(exchange, call.take_failure(status).message);
  if (raw == AUTHD_OK && exchange.answered) {
    if (!exchange.refused.empty()) return faulted(exchange, exchange.refused);
    return {};
  }
  if (raw == AUTHD_OK)
    return faulted(exchange, exchange.refused.empty() ? "returned OK without an answer" : exchange.refused);
  if (!exchange.refused.empty()) return faulted(exchange, exchange.refused);
  if (exchange.answered) return faulted(exchange, fmt::format("answered, and returned the status {}", raw));
  if (raw == AUTHD_WOULD_BLOCK && call.first_pass()) return {Handled::would_block};
  return {Handled::failed, false, call.take_failure(status)};
}

CallStatus Endpoint::on_event(Call& call, std::string_view type, std::string_view subject,
                              std::string_view json) const {
  return invoke(instance_->callee(), "on_event", instance_->redaction(), call, [&] {
    std::unique_lock lock(instance_->serial(), std::defer_lock);
    if (serialized_) lock.lock();
    return ops_->on_event(instance_->self(), call.abi(), to_abi(type), to_abi(subject), to_bytes(json));
  });
}

} // namespace authd::plugin
