// SPDX-License-Identifier: Apache-2.0
// A class as a module that owns routes; see endpoint.h for the rules. Module must have:
//   static constexpr ComponentInfo info;   // .needs names AUTHD_EXCHANGE_V1
//   static constexpr authd_route routes[] = {route<&Module::greet>("GET", "/hello/{name}", kOperation), ...};
//   Module(Host, const Config&, Call&);
//   Status greet(Call&, const Request&, Reply&);   // one for each route
// and may have:
//   static constexpr Declaration declares{...};    // declaration.hpp: records, issues, emits, listens
//   Status on_event(Call&, std::string_view type, std::string_view subject, std::string_view json);
//   Status start(Call&);  Status stop(Call&);
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <string_view>
#include <vector>

#include "authd/component.hpp"
#include "authd/declaration.hpp"
#include "authd/endpoint.h"

namespace authd::sdk {

// [borrowed] for the call.
class Request {
 public:
  explicit Request(const authd_request* request) : request_(request) {}

  std::string_view method() const { return view(request_->method); }
  std::string_view path() const { return view(request_->path); }
  std::string_view query() const { return view(request_->query); } // as sent
  std::string_view body() const { return view(request_->body); }
  // The {name}s of the path, decoded, in their order.
  std::string_view param(std::size_t i) const { return i < request_->param_count ? view(request_->params[i]) : ""; }
  // The first field of that name, compared without case; empty when there is none.
  std::string_view field(std::string_view name) const {
    for (std::size_t i = 0; i < request_->field_count; ++i)
      if (same(view(request_->fields[i].name), name)) return view(request_->fields[i].value);
    return {};
  }
  std::size_t field_count(std::string_view name) const {
    return static_cast<std::size_t>(std::count_if(request_->fields, request_->fields + request_->field_count,
                                                  [&](const authd_field& f) { return same(view(f.name), name); }));
  }
  std::string_view request_id() const { return view(request_->request_id); }
  std::string_view base_url() const { return view(request_->base_url); }
  std::string_view client_address() const { return view(request_->client_address); }
  std::int64_t now_ms() const { return request_->now_ms; }
  bool is_secure() const { return (request_->flags & AUTHD_REQ_SECURE) != 0; }
  bool is_trusted() const { return (request_->flags & AUTHD_REQ_TRUSTED) != 0; }
  bool is_first_pass() const { return (request_->flags & AUTHD_REQ_INLINE) != 0; }
  const authd_request* abi() const { return request_; }

 private:
  static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
  static bool same(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
  }

  const authd_request* request_;
};

struct Field {
  std::string_view name;
  std::string_view value;
};

// Where a handler answers, once.
class Reply {
 public:
  Reply(const authd_exchange_v1* service, const authd_call* call, authd_exchange* exchange)
      : service_(service), call_(call), exchange_(exchange) {}

  Status json(int status, std::string_view body, std::initializer_list<Field> fields = {}) {
    return send(status, "application/json", body, fields);
  }
  Status send(int status, std::string_view content_type, std::string_view body,
              std::initializer_list<Field> fields = {}) {
    std::vector<authd_field> wire; // allocates for fields alone
    for (const Field& field : fields) wire.push_back({raw(field.name), raw(field.value)});
    const authd_response response{sizeof response, status,      raw(content_type), raw_bytes(body),
                                  wire.data(),     wire.size()};
    return static_cast<Status>(service_->respond(service_, call_, exchange_, &response));
  }

 private:
  const authd_exchange_v1* service_;
  const authd_call* call_;
  authd_exchange* exchange_;
};

namespace detail {

template <class>
struct ClassOf;
template <class T>
struct ClassOf<Status (T::*)(Call&, const Request&, Reply&)> {
  using Type = T;
};

template <auto Handler>
authd_status handle(void* self, const authd_call* call, const authd_request* request,
                    authd_exchange* exchange) noexcept {
  using T = typename ClassOf<decltype(Handler)>::Type;
  return guarded<T>(self, call, [&](T& module, Call& c) -> Status {
    Reply reply(static_cast<Box<T>*>(self)->exchange, call, exchange);
    return (module.*Handler)(c, Request(request), reply);
  });
}

template <class T>
constexpr authd_endpoint_ops endpoint_ops_of() {
  authd_endpoint_ops ops{};
  ops.size = sizeof ops;
  ops.flags = T::info.flags;
  ops.routes = T::routes;
  ops.route_count = std::size(T::routes);
  if constexpr (requires { &T::on_event; })
    ops.on_event = [](void* self, const authd_call* call, authd_str type, authd_str subject,
                      authd_bytes json) noexcept {
      return guarded<T>(self, call, [&](T& module, Call& c) -> Status {
        return module.on_event(c, view(type), view(subject), view(json));
      });
    };
  return ops;
}

template <class T>
inline constexpr authd_endpoint_ops endpoint_ops = endpoint_ops_of<T>();

template <class T>
constexpr void put_routes(NoteText& text) {
  text.put(",\"routes\":[");
  bool first = true;
  for (const authd_route& r : T::routes) {
    text.put(first ? "{" : ",{").member("method", r.method).put(",").member("path", r.path);
    text.put(",\"flags\":").put_number(r.flags).put(",\"operation\":").put(r.operation).put("}");
    first = false;
  }
  text.put("]");
}

} // namespace detail

// `operation`: JSON, a string literal; `flags`: AUTHD_ROUTE_*.
template <auto Handler>
constexpr authd_route route(const char* method, const char* path, const char* operation, std::uint32_t flags = 0) {
  return {sizeof(authd_route), flags, method, path, operation, &detail::handle<Handler>, nullptr};
}

template <class Module>
struct EndpointComponent {
  static constexpr authd_component component =
      detail::component_of<Module>(AUTHD_ENDPOINT_V1, &detail::endpoint_ops<Module>);
  static constexpr void declare(detail::NoteText& text) {
    detail::put_declaration<Module>(text);
    detail::put_routes<Module>(text);
  }
};

} // namespace authd::sdk
