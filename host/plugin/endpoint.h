// SPDX-License-Identifier: Apache-2.0
// The checked proxy of an authd.endpoint/1 instance: statuses are normalised, exceptions stopped, and what a handler
// answers is held against the rules of sdk/include/authd/endpoint.h before anybody else sees it.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "authd/endpoint.h"
#include "base/call.h"
#include "plugin/declared.h"
#include "plugin/host_context.h"

namespace authd::plugin {

class Instance;

// What a handler answered. Views, valid while they are taken.
struct ModuleAnswer {
  int status = 0;
  std::string_view content_type; // empty: no body
  std::string_view body;
  std::span<const authd_field> fields;
};

// Where an answer goes; called once at most, on the thread of the call. Must not throw.
class AnswerTaker {
 public:
  virtual ~AnswerTaker() = default;
  virtual void take(const ModuleAnswer& answer) = 0;
};

// How a call of a handler ended.
enum class Handled : std::uint8_t {
  answered,
  would_block, // on a first pass alone
  failed,      // with the status that `failure` has
  faulted,     // against the rules: no answer with OK, an answer with a failure, an exception; `failure` says what
};
struct HandlerResult {
  Handled how = Handled::answered;
  bool answered = false; // of one that faulted: it had answered before
  CallFailure failure{};
};

class Endpoint {
 public:
  // The instance's component must be of kind authd.endpoint/1 and have been compared with its note.
  explicit Endpoint(std::shared_ptr<Instance> instance);

  const std::string& name() const;
  const std::string& plugin_id() const;
  const Declared& declared() const;
  std::span<const DeclaredRoute> routes() const;
  const void* data_of(std::size_t route) const; // authd_route.data
  bool is_serialized() const { return serialized_; }
  bool listens() const; // has on_event, and declares types

  // [thread-safe] [may-block] unless call.first_pass()
  HandlerResult handle(std::size_t route, Call& call, const authd_request& request, AnswerTaker& taker) const;
  CallStatus on_event(Call& call, std::string_view type, std::string_view subject, std::string_view json) const;

 private:
  authd_status call_handler(std::size_t route, const Call& call, const authd_request& request,
                            authd_exchange& exchange) const;

  std::shared_ptr<Instance> instance_;
  const authd_endpoint_ops* ops_;
  bool serialized_;
};

// Service "authd.exchange/1".
std::shared_ptr<const void> exchange_service(const ServiceUser& user);

// What is wrong with the table of an endpoint against what its note declares; empty: nothing.
std::string endpoint_fault(const void* ops, const Declared& declared);

} // namespace authd::plugin
