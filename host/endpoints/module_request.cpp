// SPDX-License-Identifier: Apache-2.0
#include "endpoints/module_request.h"

#include "base/abi_views.h"
#include "base/json_writer.h"

namespace authd::endpoints {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool decode(std::string_view sent, std::string& to) {
  to.clear();
  for (std::size_t i = 0; i < sent.size(); ++i) {
    if (sent[i] != '%') {
      to += sent[i];
      continue;
    }
    if (i + 2 >= sent.size()) return false;
    const int high = hex_value(sent[i + 1]);
    const int low = hex_value(sent[i + 2]);
    if (high < 0 || low < 0) return false;
    to += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return is_utf8(to) && !has_control_characters(to);
}

std::uint32_t flags_of(const http::Request& request, const RequestFacts& facts) {
  std::uint32_t flags = 0;
  if (facts.secure) flags |= AUTHD_REQ_SECURE;
  if (request.peer_trusted) flags |= AUTHD_REQ_TRUSTED;
  return flags;
}

std::size_t size_of_texts(const http::Request& request) {
  std::size_t size = request.path.size() + request.query.size() + request.body.size() + request.request_id.size();
  for (const http::HeaderField& field : request.headers) size += field.name.size() + field.value.size();
  return size;
}

} // namespace

bool decode_parameters(std::span<const std::string_view> sent, std::vector<std::string>& decoded) {
  decoded.resize(sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i)
    if (!decode(sent[i], decoded[i])) return false;
  return true;
}

void ModuleRequest::view(const http::Request& request, const std::vector<std::string>& parameters,
                         const RequestFacts& facts) {
  fields_.clear();
  for (const http::HeaderField& field : request.headers) fields_.push_back({to_abi(field.name), to_abi(field.value)});
  params_.clear();
  for (const std::string& parameter : parameters) params_.push_back(to_abi(parameter));
  client_ = facts.client.text();
  request_ = {sizeof request_,
              flags_of(request, facts),
              facts.route,
              to_abi(facts.method),
              to_abi(request.path),
              to_abi(request.query),
              to_bytes(request.body),
              fields_.data(),
              fields_.size(),
              params_.data(),
              params_.size(),
              to_abi(request.request_id),
              to_abi(facts.base_url),
              to_abi(client_.view()),
              {},
              facts.now_ms};
}

std::string_view ModuleRequest::kept(std::string_view text) {
  const std::size_t at = bytes_.size();
  bytes_.append(text);
  return std::string_view(bytes_).substr(at);
}

void ModuleRequest::copy(const http::Request& request, const std::vector<std::string>& parameters,
                         const RequestFacts& facts) {
  bytes_.clear();
  bytes_.reserve(size_of_texts(request));
  parameters_ = parameters;
  base_url_ = facts.base_url;
  http::Request copied = request;
  std::vector<http::HeaderField> headers;
  for (const http::HeaderField& field : request.headers) {
    const std::string_view name = kept(field.name);
    headers.push_back({name, kept(field.value)});
  }
  copied.headers = headers;
  copied.path = kept(request.path);
  copied.query = kept(request.query);
  copied.body = kept(request.body);
  copied.request_id = kept(request.request_id);
  RequestFacts own = facts;
  own.base_url = base_url_;
  view(copied, parameters_, own);
}

const authd_request& ModuleRequest::abi(bool first_pass) {
  request_.flags = first_pass ? request_.flags | AUTHD_REQ_INLINE : request_.flags & ~AUTHD_REQ_INLINE;
  return request_;
}

std::string_view ModuleRequest::request_id() const { return authd::view(request_.request_id); }

} // namespace authd::endpoints
