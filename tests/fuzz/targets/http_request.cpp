// SPDX-License-Identifier: Apache-2.0
// The input is what one client sends. Required: the requests, and the refusal that ends them, are the same whole and in
// pieces; what is accepted can be read in one way only, and means the same when it is written anew.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "base/field_syntax.h"
#include "fuzz_target.h"
#include "http/request_parser.h"

namespace authd::fuzz {
namespace {

using http::HeaderField;
using http::RequestLimits;
using http::RequestParser;
using State = RequestParser::State;

struct Seen {
  int refusal = 0; // status
  std::string why;
  std::string method, target, path, query, body;
  std::vector<std::pair<std::string, std::string>> fields;
  bool http_1_0 = false;
  bool keep_alive = false;
  bool operator==(const Seen&) const = default;
};

// Requests in the order in which they came, the last of them perhaps a refusal.
class Conversation {
 public:
  Conversation(std::string_view input, const RequestLimits& limits, bool takes_bodies)
      : parser_(limits), rest_(input), takes_bodies_(takes_bodies) {}

  // Receives so many bytes more, at a new address, which views of the parser must not survive.
  void receive(std::size_t bytes) {
    if (over_) return;
    const std::string_view piece = rest_.substr(0, bytes);
    rest_.remove_prefix(piece.size());
    replace({buffer_.get(), size_}, piece);
    while (serve_one()) {
    }
  }
  bool over() const { return over_ || rest_.empty(); }
  const std::vector<Seen>& seen() const { return seen_; }

 private:
  bool serve_one() {
    State state = parser_.parse(buffer_.get(), size_);
    if (state == State::body_ahead) {
      takes_bodies_ ? parser_.take_body(std::size_t{1} << 30) : parser_.discard_body();
      state = parser_.parse(buffer_.get(), size_);
    }
    if (state == State::incomplete) {
      require(parser_.kept() <= size_, "no more is kept than there was");
      replace({buffer_.get(), parser_.kept()}, {});
      return false;
    }
    record(state);
    over_ = state == State::refused || !parser_.keep_alive();
    if (over_) return false;
    replace({buffer_.get() + parser_.used(), size_ - parser_.used()}, {});
    parser_.reset();
    return size_ > 0;
  }

  void record(State state) {
    http::Request request;
    parser_.describe(buffer_.get(), request);
    Seen& next = seen_.emplace_back();
    if (state == State::refused) {
      next.refusal = parser_.refusal().status;
      next.why = parser_.refusal().detail;
      return;
    }
    next = {0,
            {},
            std::string(request.method_name),
            std::string(request.target),
            std::string(request.path),
            std::string(request.query),
            std::string(request.body),
            {},
            parser_.is_http_1_0(),
            parser_.keep_alive()};
    for (const HeaderField& f : request.headers) next.fields.emplace_back(f.name, f.value);
  }

  void replace(std::string_view kept, std::string_view added) {
    std::unique_ptr<char[]> bytes(new char[kept.size() + added.size()]);
    if (!kept.empty()) std::memcpy(bytes.get(), kept.data(), kept.size());
    if (!added.empty()) std::memcpy(bytes.get() + kept.size(), added.data(), added.size());
    buffer_ = std::move(bytes);
    size_ = kept.size() + added.size();
  }

  RequestParser parser_;
  std::string_view rest_;
  bool takes_bodies_;
  std::unique_ptr<char[]> buffer_{new char[0]};
  std::size_t size_ = 0;
  std::vector<Seen> seen_;
  bool over_ = false;
};

std::vector<Seen> in_steps(std::string_view input, const RequestLimits& limits, std::size_t step, bool takes = true) {
  Conversation conversation(input, limits, takes);
  while (!conversation.over()) conversation.receive(step);
  return conversation.seen();
}

std::vector<Seen> in_two(std::string_view input, const RequestLimits& limits, std::size_t first) {
  Conversation conversation(input, limits, true);
  conversation.receive(first);
  conversation.receive(input.size());
  return conversation.seen();
}

bool has_control(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

std::size_t count_of(const Seen& seen, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(seen.fields.begin(), seen.fields.end(), [&](const auto& field) {
    return equals_ignoring_case(field.first, name);
  }));
}

void require_unambiguous(const Seen& seen) {
  require(count_of(seen, "Host") <= 1, "at most one Host");
  require(seen.http_1_0 || count_of(seen, "Host") == 1, "HTTP/1.1 has a Host");
  require(count_of(seen, "Content-Length") + count_of(seen, "Transfer-Encoding") <= 1, "one framing at most");
  require(is_token(seen.method), "the method is a token");
  require(!has_control(seen.target) && seen.target.find_first_of("# ") == std::string::npos, "the target is one word");
  require(!seen.path.empty(), "there is a path");
  for (const auto& [name, value] : seen.fields) {
    require(is_token(name), "the name of a field is a token");
    require(!has_control(value) && without_blanks_around(value) == value, "the value of a field is trimmed text");
  }
}

// With the body's length in place of its chunks.
std::string written(const Seen& seen) {
  std::string text = seen.method + " " + seen.target + (seen.http_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  for (const auto& [name, value] : seen.fields) {
    if (equals_ignoring_case(name, "Content-Length") || equals_ignoring_case(name, "Transfer-Encoding")) continue;
    text.append(name).append(": ").append(value).append("\r\n");
  }
  if (!seen.body.empty()) text += "Content-Length: " + std::to_string(seen.body.size()) + "\r\n";
  return text + "\r\n" + seen.body;
}

void require_same_when_written(const Seen& seen) {
  if (seen.fields.size() > RequestParser::kMaxHeaders) return;       // with the Host that an absolute target has added
  const RequestLimits larger{64 * 1024, 16 * 1024, 2 * 1024 * 1024}; // a blank behind each colon
  const std::vector<Seen> again = in_steps(written(seen), larger, std::string_view::npos);
  require(again.size() == 1 && again[0].refusal == 0, "an accepted request is accepted when it is written anew");
  const Seen& other = again[0];
  require(other.method == seen.method && other.target == seen.target && other.path == seen.path &&
              other.query == seen.query && other.body == seen.body && other.keep_alive == seen.keep_alive,
          "an accepted request means the same when it is written anew");
  const auto without_framing = [](const Seen& one) {
    auto fields = one.fields;
    std::erase_if(fields, [](const auto& field) {
      return equals_ignoring_case(field.first, "Content-Length") ||
             equals_ignoring_case(field.first, "Transfer-Encoding");
    });
    return fields;
  };
  require(without_framing(other) == without_framing(seen), "it has the same fields when it is written anew");
}

void compare(std::string_view input, const RequestLimits& limits) {
  const std::vector<Seen> whole = in_steps(input, limits, std::string_view::npos);
  const std::size_t cut = place_in(input);
  const std::size_t smallest = input.size() <= 512 ? 1 : 1 + cut % 97; // each step copies all that is there
  require(in_steps(input, limits, smallest) == whole, "the outcome is the same in pieces");
  require(in_steps(input, limits, 2 + cut % 7) == whole || input.size() > 4096, "the outcome is the same in steps");
  require(in_two(input, limits, cut) == whole, "the outcome is the same in two parts");

  const std::vector<Seen> discarded = in_steps(input, limits, 1 + cut % 31, false);
  require(discarded.size() == whole.size(), "as many requests are seen when no body is kept");
  for (std::size_t i = 0; i < whole.size(); ++i)
    require(discarded[i].refusal == whole[i].refusal && discarded[i].target == whole[i].target &&
                discarded[i].fields == whole[i].fields,
            "what precedes a body does not depend on whether it is kept");
  for (const Seen& seen : whole) {
    if (seen.refusal != 0) {
      require(seen.refusal >= 400 && seen.refusal < 600 && is_one_line(seen.why),
              "a refusal has a status and a reason");
      continue;
    }
    require_unambiguous(seen);
    require_same_when_written(seen);
  }
}

} // namespace

void http_request(Bytes input) {
  compare(as_text(input), {});
  compare(as_text(input), {.header_bytes = 96, .url_bytes = 24, .body_bytes = 12});
}

} // namespace authd::fuzz
