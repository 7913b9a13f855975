// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/request_parser.h"

namespace authd::http {

// Feeds a parser in pieces, at a new address each time, so that a view that survives a move is seen by the
// sanitizers.
class Parsed {
 public:
  enum class Body { taken, discarded };

  // In pieces of `step` bytes.
  explicit Parsed(std::string_view input, std::size_t step = 1 << 20, const RequestLimits& limits = {},
                  Body body = Body::taken)
      : parser(limits), body_(body) {
    while (waits() && taken < input.size()) feed(input.substr(taken, step));
    parser.describe(bytes_.get(), request);
  }

  // In two pieces.
  static Parsed in_two(std::string_view input, std::size_t first, const RequestLimits& limits = {},
                       Body body = Body::taken) {
    return Parsed({input.substr(0, first), input.substr(first)}, limits, body);
  }

  bool complete() const { return state == RequestParser::State::complete; }
  int status() const { return state == RequestParser::State::refused ? parser.refusal().status : 0; }

  RequestParser parser;
  Request request;
  RequestParser::State state = RequestParser::State::incomplete;
  std::size_t taken = 0; // of the input
  std::size_t most = 0;  // bytes that were held at once

 private:
  Parsed(std::initializer_list<std::string_view> pieces, const RequestLimits& limits, Body body)
      : parser(limits), body_(body) {
    for (const std::string_view piece : pieces) {
      if (waits() && !piece.empty()) feed(piece);
    }
    parser.describe(bytes_.get(), request);
  }

  bool waits() const { return state == RequestParser::State::incomplete; }

  void feed(std::string_view piece) {
    append(piece);
    taken += piece.size();
    most = std::max(most, size_);
    state = parser.parse(bytes_.get(), size_);
    if (state == RequestParser::State::body_ahead) {
      body_ == Body::taken ? parser.take_body(std::size_t{1} << 30) : parser.discard_body();
      state = parser.parse(bytes_.get(), size_);
    }
    if (waits()) size_ = parser.kept();
  }

  void append(std::string_view piece) {
    std::unique_ptr<char[]> larger(new char[size_ + piece.size()]);
    if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
    std::memcpy(larger.get() + size_, piece.data(), piece.size());
    bytes_ = std::move(larger);
    size_ += piece.size();
  }

  Body body_;
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

// All that a client could tell two outcomes apart by, as one text.
inline std::string outcome_of(const Parsed& parsed) {
  if (parsed.status() != 0) return std::to_string(parsed.status()) + " " + std::string(parsed.parser.refusal().detail);
  if (!parsed.complete()) return "incomplete";
  std::string text = "complete, " + std::string(parsed.request.method_name) + " " + std::string(parsed.request.path) +
                     (parsed.parser.keep_alive() ? ", kept: " : ", closed: ") + std::string(parsed.request.body);
  for (const HeaderField& field : parsed.request.headers) {
    text.append("\n").append(field.name).append(":").append(field.value);
  }
  return text;
}

// The outcome, when it is the same for the whole, byte by byte, in pieces of each size and cut in two at each
// place, the body taken or discarded; else the two that differ.
inline std::string outcome_in_all_pieces(std::string_view input, const RequestLimits& limits = {}) {
  const std::string whole = outcome_of(Parsed(input, input.size(), limits));
  for (std::size_t at = 1; at < input.size(); ++at) {
    const std::string stepped = outcome_of(Parsed(input, at, limits));
    if (stepped != whole) return whole + "\n but in pieces of " + std::to_string(at) + ": " + stepped;
    const std::string cut = outcome_of(Parsed::in_two(input, at, limits));
    if (cut != whole) return whole + "\n but cut at " + std::to_string(at) + ": " + cut;
    const Parsed discarded = Parsed::in_two(input, at, limits, Parsed::Body::discarded);
    const bool same = discarded.status() == 0 ? whole.starts_with(discarded.complete() ? "complete" : "incomplete")
                                              : outcome_of(discarded) == whole;
    if (!same) return whole + "\n but discarded, cut at " + std::to_string(at) + ": " + outcome_of(discarded);
  }
  return whole;
}

} // namespace authd::http
