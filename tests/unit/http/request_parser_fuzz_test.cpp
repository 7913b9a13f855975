// SPDX-License-Identifier: Apache-2.0
// Mutates well-formed requests, always with the same seed. What must hold for every input: no sanitizer
// complains, the outcome does not depend on how the bytes arrived, and a request that passes is one that no
// other party could read differently.
#include <random>

#include <gtest/gtest.h>

#include "parsed.h"

namespace authd::http {
namespace {

const std::string kSeeds[] = {
    "GET /tokens HTTP/1.1\r\nHost: authd\r\nX-Consumer-ID: 1\r\nX-Consumer-Username: n\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n0\r\nT: "
    "v\r\n\r\n",
    "\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\tchunked\t\r\nConnection: "
    "x,\tclose\t\r\n\r\n1 ; x\r\n"
    "h\r\n0\r\n\r\n",
    "GET http://h/p?q HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n",
};
const std::string kFragments[] = {"\r",
                                  "\n",
                                  "\r\n",
                                  " ",
                                  "\t",
                                  ":",
                                  std::string(1, '\0'),
                                  "\x80",
                                  "Host: b\r\n",
                                  "Content-Length: 0\r\n",
                                  "Transfer-Encoding: chunked\r\n",
                                  "\r\n ",
                                  "0",
                                  "f",
                                  ";",
                                  "HTTP/1.1",
                                  "RTSP/1.0",
                                  "#",
                                  "%"};

class Mutator {
 public:
  std::string next() {
    std::string text = pick(kSeeds);
    for (std::size_t i = up_to(6) + 1; i > 0; --i) mutate(text);
    return text;
  }
  std::size_t up_to(std::size_t n) { return random_() % (n + 1); }

 private:
  template <std::size_t N>
  const std::string& pick(const std::string (&items)[N]) {
    return items[up_to(N - 1)];
  }
  void mutate(std::string& text) {
    const std::size_t at = up_to(text.size());
    switch (up_to(4)) {
    case 0:
      text.insert(at, pick(kFragments));
      break;
    case 1:
      text.erase(at, up_to(8));
      break;
    case 2:
      if (at < text.size()) text[at] = static_cast<char>(up_to(255));
      break;
    case 3:
      text.insert(at, text.substr(up_to(text.size()), up_to(20)));
      break;
    default:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << up_to(7)));
      break;
    }
  }
  std::mt19937 random_{20261122};
};

bool has_control(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

void expect_unambiguous(const Request& request, bool http_1_0) {
  EXPECT_LE(request.header_count("Host"), 1U);
  EXPECT_TRUE(http_1_0 || request.header_count("Host") == 1);
  EXPECT_LE(request.header_count("Content-Length") + request.header_count("Transfer-Encoding"), 1U);
  EXPECT_FALSE(has_control(request.target));
  EXPECT_EQ(request.target.find('#'), std::string_view::npos);
  for (const HeaderField& field : request.headers) {
    EXPECT_FALSE(field.name.empty());
    EXPECT_FALSE(has_control(field.name) || has_control(field.value));
    EXPECT_EQ(field.name.find_first_of(" \t"), std::string_view::npos);
  }
}

TEST(RequestParserFuzz, OutcomesDoNotDependOnThePiecesAndNothingAmbiguousPasses) {
  Mutator mutator;
  int passed = 0;
  for (int i = 0; i < 60'000 && !testing::Test::HasFailure(); ++i) {
    const std::string input = mutator.next();
    SCOPED_TRACE(input);
    const Parsed whole(input);
    const Parsed pieces(input, mutator.up_to(9) + 1);
    const Parsed cut = Parsed::in_two(input, mutator.up_to(input.size()));
    ASSERT_EQ(outcome_of(whole), outcome_of(pieces));
    ASSERT_EQ(outcome_of(whole), outcome_of(cut));
    if (!whole.complete()) continue;
    ++passed;
    EXPECT_EQ(whole.request.target, pieces.request.target);
    expect_unambiguous(whole.request, whole.parser.is_http_1_0());
  }
  EXPECT_GT(passed, 1'000) << "the mutations leave nothing to look at";
}

} // namespace
} // namespace authd::http
