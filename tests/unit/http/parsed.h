// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "http/request_parser.h"

namespace authd::http {

// Feeds a parser in pieces of `step` bytes, at a new address each time, so that a view that survives a move
// is seen by the sanitizers.
class Parsed {
 public:
  explicit Parsed(std::string_view input, std::size_t step = 1 << 20, const RequestLimits& limits = {})
      : parser(limits) {
    while (state == RequestParser::State::incomplete && taken < input.size()) {
      const std::size_t n = std::min(step, input.size() - taken);
      append(input.substr(taken, n));
      taken += n;
      state = parser.parse(bytes.get(), size);
      if (state == RequestParser::State::incomplete) size = parser.kept();
    }
    parser.describe(bytes.get(), request);
  }

  bool complete() const { return state == RequestParser::State::complete; }
  int status() const { return state == RequestParser::State::refused ? parser.refusal().status : 0; }

  RequestParser parser;
  Request request;
  RequestParser::State state = RequestParser::State::incomplete;
  std::size_t taken = 0; // of the input

 private:
  void append(std::string_view piece) {
    std::unique_ptr<char[]> larger(new char[size + piece.size()]);
    if (size > 0) std::memcpy(larger.get(), bytes.get(), size);
    std::memcpy(larger.get() + size, piece.data(), piece.size());
    bytes = std::move(larger);
    size += piece.size();
  }

  std::unique_ptr<char[]> bytes;
  std::size_t size = 0;
};

} // namespace authd::http
