// SPDX-License-Identifier: Apache-2.0
#include "scripted_adapter.h"

#include <algorithm>
#include <charconv>

#include "authd/gateway.h"

namespace authd::fuzz {
namespace {

constexpr std::string_view kSeparator = "\n---\n";

int number_in(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

test::HttpAnswer answer_in(std::string_view text) {
  std::string_view line = take_line(text);
  test::HttpAnswer answer;
  // The host gives an adapter final statuses of HTTP only.
  answer.status = std::clamp(number_in(take_until(line, " ")), 200, 599);
  answer.body = text;
  if (!line.empty()) answer.headers.emplace_back("Retry-After", line);
  return answer;
}

authd_status run(test::PluginHost& host, const AdapterCall& call, test::TestCall& record, test::TestOut& id,
                 test::RecordingSink& sink) {
  const auto& ops = host.ops<authd_gateway_ops>();
  const authd_str consumer = test::str(call.consumer);
  if (call.operation == "get") return ops.get_secret(host.self(), record.abi(), consumer, &sink);
  if (call.operation == "create") {
    const authd_proposal proposal{sizeof proposal, 0, test::str("key-1"), test::str("HS256"),
                                  test::bytes("0123456789abcdef0123456789abcdef")};
    return ops.create_secret(host.self(), record.abi(), consumer, &proposal, &sink);
  }
  if (call.operation == "delete") return ops.delete_secret(host.self(), record.abi(), consumer, test::str("id-1"));
  if (call.operation == "resolve") return ops.resolve(host.self(), record.abi(), consumer, id.abi());
  test::TestOut detail, endpoint;
  authd_health health{sizeof health, AUTHD_HEALTH_UP, detail.abi(), endpoint.abi()};
  return ops.probe(host.self(), record.abi(), &health);
}

bool is_below(const std::string& url, const std::vector<std::string>& bases) {
  return std::any_of(bases.begin(), bases.end(), [&](const std::string& base) {
    return url.starts_with(base) && (url.size() == base.size() || url[base.size()] == '/' || url[base.size()] == '?');
  });
}

bool is_hmac(std::string_view algorithm) {
  return algorithm == "HS256" || algorithm == "HS384" || algorithm == "HS512";
}

} // namespace

AdapterCall call_adapter(const char* plugin, const test::Settings& settings, std::string_view input) {
  AdapterCall call;
  std::string_view head = take_until(input, kSeparator);
  call.operation = take_until(head, " ");
  call.consumer = head;
  while (!input.empty()) call.answers.push_back(answer_in(take_until(input, kSeparator)));

  test::PluginHost host(plugin, settings);
  if (host.create() != AUTHD_OK) throw std::runtime_error(host.lifecycle_call().message);
  for (const test::HttpAnswer& answer : call.answers) host.answer(answer);
  test::TestCall record;
  test::TestOut id;
  test::RecordingSink sink;
  call.status = run(host, call, record, id, sink);
  call.message = record.message;
  call.id = id.bytes;
  call.credentials = std::move(sink.all);
  call.exchanges = host.exchanges();
  call.logged = host.everything_logged();
  return call;
}

void require_sound(const AdapterCall& call, const std::vector<std::string>& bases) {
  std::size_t creates = 0;
  for (const test::HttpExchange& sent : call.exchanges) {
    require(is_below(sent.url, bases), "every request goes to where the adapter was told to");
    require(std::all_of(sent.url.begin(), sent.url.end(), [](char c) { return c > ' ' && c <= '~'; }),
            "a URL is visible ASCII");
    require(sent.url.find('#') == std::string::npos, "a URL has no fragment");
    if (sent.method == "POST") ++creates;
  }
  require(creates <= 1 && call.exchanges.size() <= 40, "a create is sent once, and nothing without end");
  if (call.status == AUTHD_OK) {
    require(call.exchanges.size() <= call.answers.size(), "without an answer there is no success");
    for (const test::RecordedCredential& c : call.credentials)
      require(!c.key.empty() && !(is_hmac(c.algorithm) && c.secret.empty()), "a credential can be used");
    require(call.operation != "create" || call.credentials.size() == 1, "a create puts what was created");
  } else {
    require(is_one_line(call.message), "a failure has a reason");
    require(call.message.size() < 1000, "of a length that can be read");
    require(call.id.empty(), "a failure gives no id");
  }
  for (std::string_view log = call.logged; !log.empty();)
    require(is_one_line(take_line(log)), "a line of the log is one line");
}

} // namespace authd::fuzz
