// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.h"

#include <gtest/gtest.h>

#include "parsed.h"

namespace authd::http {
namespace {

using namespace std::string_literals;

constexpr std::string_view kSimple = "GET /tokens?a=1 HTTP/1.1\r\nHost: kong:8000\r\nX-Consumer-ID:  abc \t\r\n\r\n";

TEST(RequestParser, ReadsTheSameWhateverThePieces) {
  for (std::size_t step = 1; step <= kSimple.size(); ++step) {
    const Parsed parsed(kSimple, step);
    ASSERT_TRUE(parsed.complete()) << step;
    EXPECT_EQ(parsed.request.method, Method::get);
    EXPECT_EQ(parsed.request.method_name, "GET");
    EXPECT_EQ(parsed.request.target, "/tokens?a=1");
    EXPECT_EQ(parsed.request.path, "/tokens");
    EXPECT_EQ(parsed.request.query, "a=1");
    ASSERT_EQ(parsed.request.headers.size(), 2U);
    EXPECT_EQ(parsed.request.headers[1].name, "X-Consumer-ID");
    EXPECT_EQ(parsed.request.header("x-consumer-id"), "abc");
    EXPECT_TRUE(parsed.parser.keep_alive());
  }
}

TEST(RequestParser, TellsWhereTheNextRequestBegins) {
  const Parsed parsed(std::string(kSimple) + "GET /next HTTP/1.1\r\n");
  ASSERT_TRUE(parsed.complete());
  EXPECT_EQ(parsed.parser.used(), kSimple.size());
}

TEST(RequestParser, SkipsEmptyLinesBeforeARequestWithoutKeepingThem) {
  const Parsed none("\r\n\r\n");
  EXPECT_FALSE(none.parser.started());
  EXPECT_EQ(none.parser.kept(), 0U);
  EXPECT_EQ(none.parser.empty_line_bytes(), 4U);
  const std::string outcome = outcome_in_all_pieces("\r\n\r\n" + std::string(kSimple));
  EXPECT_TRUE(outcome.starts_with("complete, GET /tokens")) << outcome;
  EXPECT_EQ(outcome.find(" but "), std::string::npos) << outcome;
}

std::string empty_lines(std::size_t bytes) {
  std::string lines;
  while (lines.size() < bytes) lines += "\r\n";
  return lines;
}

TEST(RequestParser, BoundsEmptyLinesWhereverTheyAreDivided) {
  for (const std::size_t step : {1U, 2U, 3U, 1000U, 1U << 20}) {
    EXPECT_TRUE(Parsed(empty_lines(16 * 1024) + std::string(kSimple), step).complete()) << step;
    EXPECT_EQ(Parsed(empty_lines(24 * 1024) + std::string(kSimple), step).status(), 431) << step;
  }
  RequestParser next{RequestLimits{}};
  next.continue_after_empty_lines(16 * 1024);
  std::string lines = empty_lines(4);
  EXPECT_EQ(next.parse(lines.data(), lines.size()), RequestParser::State::refused);
}

TEST(RequestParser, DecodesAChunkedBodyInPlaceAndDropsItsFraming) {
  const std::string input = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                            "3;note=x\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nTrailer: dropped\r\n\r\nGET";
  for (std::size_t step = 1; step < input.size(); ++step) {
    const Parsed parsed(input, step);
    ASSERT_TRUE(parsed.complete()) << step;
    EXPECT_EQ(parsed.request.body, "abc0123456789abcdef");
    EXPECT_EQ(parsed.request.headers.size(), 2U) << "a trailer is no header";
  }
}

TEST(RequestParser, KeepsNoFramingOfAChunkedBodyThatIsUnderWay) {
  std::string input = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::size_t head = input.size();
  for (int i = 0; i < 1000; ++i) input += "1\r\nx\r\n";
  const Parsed parsed(input, 7);
  EXPECT_EQ(parsed.state, RequestParser::State::incomplete);
  EXPECT_EQ(parsed.parser.kept(), head + 1000);
}

TEST(RequestParser, ReadsABodyOfAnnouncedLength) {
  const std::string input = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t step = 1; step <= input.size(); ++step) {
    const Parsed parsed(input, step);
    ASSERT_TRUE(parsed.complete());
    EXPECT_EQ(parsed.request.body, "hello");
  }
}

struct Case {
  const char* name;
  std::string input;
  int status;
};

void PrintTo(const Case& shown, std::ostream* out) { *out << shown.name; }

class Refusals : public testing::TestWithParam<Case> {};

TEST_P(Refusals, AreTheSameWhateverThePieces) {
  const std::string outcome = outcome_in_all_pieces(GetParam().input);
  EXPECT_EQ(outcome.substr(0, 4), std::to_string(GetParam().status) + " ") << outcome;
  EXPECT_EQ(outcome.find(" but "), std::string::npos) << outcome;
}

std::string with(std::string_view lines) { return "GET / HTTP/1.1\r\n" + std::string(lines) + "\r\n"; }
std::string post(std::string_view lines) { return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(lines); }
std::string chunked(std::string_view body) { return post("Transfer-Encoding: chunked\r\n\r\n" + std::string(body)); }

const Case kRefusals[] = {
    {"ContentLengthBesideChunked", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"ChunkedBesideContentLength", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"), 400},
    {"TwoContentLengths", post("Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), 400},
    {"SameContentLengthTwice", post("Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"), 400},
    {"ContentLengthList", post("Content-Length: 3, 3\r\n\r\nabc"), 400},
    {"SignedContentLength", post("Content-Length: +3\r\n\r\nabc"), 400},
    {"HexContentLength", post("Content-Length: 0x3\r\n\r\nabc"), 400},
    {"HugeContentLength", post("Content-Length: 99999999999999999999999\r\n\r\n"), 400},
    {"OtherCoding", post("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501},
    {"ChunkedNotLast", post("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"), 400},
    {"CodingTwice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"CodingWithVerticalTab",
     post("Transfer-Encoding: \x0b"
          "chunked\r\n\r\n0\r\n\r\n"),
     400},
    {"CodingInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"BadChunkSize", post("Transfer-Encoding: chunked\r\n\r\n3x\r\nabc\r\n0\r\n\r\n"), 400},
    {"ChunkWithoutItsEnd", post("Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"), 400},
    {"ChunkSizeOverflow", post("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc"), 400},
    {"CodingThatIsNotChunked", post("Transfer-Encoding: gzip\r\n\r\n"), 400},
    {"CodingThatIsEmpty", post("Transfer-Encoding:\r\n\r\n"), 400},
    {"CodingBehindChunkedThatIsEmpty", post("Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"), 400},
    {"CodingThatIsEmptyBeforeChunked", post("Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"), 501},
    {"CodingsInTwoFields", post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 501},
    {"EmptyContentLength", post("Content-Length:\r\n\r\n"), 400},
    {"ContentLengthOfTwoNumbers", post("Content-Length: 3 3\r\n\r\nabc"), 400},
    {"LargeContentLength", post("Content-Length: 1048577\r\n\r\n"), 413},
    {"ChunkSizeOfZerosWithoutEnd", chunked(std::string(40'000, '0')), 400},
    {"ChunkOfAllBits", chunked("ffffffffffffffff\r\n"), 413},
    {"ChunkBeyondTheBody", chunked("100001\r\n"), 413},
    {"ChunkBeyondTheRestOfTheBody", chunked("1\r\na\r\n100000;x"), 413},
    {"ChunkSizeOfNoDigit", chunked("\r\n0\r\n\r\n"), 400},
    {"ChunkSizeWithSign", chunked("+3\r\nabc\r\n0\r\n\r\n"), 400},
    {"ChunkSizeWithPrefix", chunked("0x3\r\nabc\r\n0\r\n\r\n"), 400},
    {"ChunkSizeWithBlankBefore", chunked(" 3\r\nabc\r\n0\r\n\r\n"), 400},
    {"ChunkSizeWithBlankBehind", chunked("3 \r\nabc\r\n0\r\n\r\n"), 400},
    {"ChunkSizeWithBareLineFeed", chunked("3\nabc\r\n0\r\n\r\n"), 400},
    {"ChunkSizeWithBareReturn", chunked("3\rabc\r\n0\r\n\r\n"), 400},
    {"ChunkThatEndsInALineFeed", chunked("3\r\nabc\n0\r\n\r\n"), 400},
    {"ChunkThatEndsInAReturn", chunked("3\r\nabc\r0\r\n\r\n"), 400},
    {"ExtensionWithoutName", chunked("3;\r\nabc\r\n0\r\n\r\n"), 400},
    {"ExtensionWithoutValue", chunked("3;a=\r\nabc\r\n0\r\n\r\n"), 400},
    {"ExtensionWithBlankAtTheEnd", chunked("3;a \r\nabc\r\n0\r\n\r\n"), 400},
    {"ExtensionWithDelete", chunked("3;a=\"\x7f\"\r\nabc\r\n0\r\n\r\n"), 400},
    {"ExtensionWithEscapedDelete", chunked("3;a=\"\\\x7f\"\r\nabc\r\n0\r\n\r\n"), 400},
    {"ExtensionWithLineFeed", chunked("3;a=\"\n\"\r\nabc\r\n0\r\n\r\n"), 400},
    {"ExtensionWithReturn", chunked("3;a=\"\r\n\"\r\nabc\r\n0\r\n\r\n"), 400},
    {"ExtensionWithEscapedReturn", chunked("3;a=\"\\\r\n\"\r\nabc\r\n0\r\n\r\n"), 400},
    {"ExtensionWithTextBehindTheQuote", chunked("3;a=\"b\"c\r\nabc\r\n0\r\n\r\n"), 400},
    {"ExtensionWithBareLineFeed", chunked("3;a\nabc\r\n0\r\n\r\n"), 400},
    {"TrailersEndInALineFeed", chunked("0\r\n\n"), 400},
    {"TrailerEndsInALineFeed", chunked("0\r\nX: y\n\r\n"), 400},
    {"TrailersEndInALineFeedBehindAField", chunked("0\r\nX: y\r\n\n"), 400},
    {"TrailerFolded", chunked("0\r\nX: y\r\n z\r\n\r\n"), 400},
    {"TrailerFoldedWithTab", chunked("0\r\nX: y\r\n\tz\r\n\r\n"), 400},
    {"TrailerFoldedAtOnce", chunked("0\r\n X: y\r\n\r\n"), 400},
    {"TrailerWithoutName", chunked("0\r\n: y\r\n\r\n"), 400},
    {"TrailerWithBlankBeforeColon", chunked("0\r\nX : y\r\n\r\n"), 400},
    {"TrailerWithoutColon", chunked("0\r\nX\r\n\r\n"), 400},
    {"TrailerWithBareReturn", chunked("0\r\nX: a\rb\r\n\r\n"), 400},
    {"TrailerWithNul", chunked("0\r\nX: \0\r\n\r\n"s), 400},
    {"TrailerWithDelete", chunked("0\r\nX: \x7f\r\n\r\n"), 400},
    {"ReturnBeforeTheRequestLine", "\r" + std::string(kSimple), 400},
    {"LineFeedBeforeTheRequestLine", "\n" + std::string(kSimple), 400},
    {"TwoReturnsBeforeTheRequestLine", "\r\r\n" + std::string(kSimple), 400},
    {"LineFeedBehindAnEmptyLine", "\r\n\n" + std::string(kSimple), 400},
    {"BlankBeforeTheRequestLine", " " + std::string(kSimple), 400},
    {"Fold", with("Host: a\r\nX: 1\r\n 2\r\n"), 400},
    {"FoldWithTab", with("Host: a\r\nX: 1\r\n\t2\r\n"), 400},
    {"FoldOfAnEmptyValue", with("Host: a\r\nX:\r\n 2\r\n"), 400},
    {"FoldWithNothing", with("Host: a\r\nX: 1\r\n \r\nY: 2\r\n"), 400},
    {"FoldedFirstLine", with(" Host: a\r\nHost: a\r\n"), 400},
    {"BareCarriageReturn", with("Host: a\r\nX: 1\r2\r\n"), 400},
    {"BareLineFeed", "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", 400},
    {"OnlyLineFeeds", "GET / HTTP/1.1\nHost: a\n\n", 400},
    {"BlankBeforeColon", with("Host : a\r\n"), 400},
    {"EmptyName", with("Host: a\r\n: 1\r\n"), 400},
    {"NoColon", with("Host: a\r\nnonsense\r\n"), 400},
    {"NulInValue", with("Host: a\r\nX: 1\0002\r\n"s), 400},
    {"NulInName", with("Host: a\r\nX\0: 1\r\n"s), 400},
    {"ControlInValue", with("Host: a\r\nX: \x01\r\n"), 400},
    {"DeleteInValue", with("Host: a\r\nX: \x7f\r\n"), 400},
    {"NoHost", with("X: 1\r\n"), 400},
    {"TwoHosts", with("Host: a\r\nHost: a\r\n"), 400},
    {"TwoHostsInHttp10", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
    {"HostWithBlank", with("Host: a b\r\n"), 400},
    {"HostWithPath", with("Host: a/b\r\n"), 400},
    {"Http09", "GET /\r\n\r\n", 505},
    {"Http09WithHeaders", "GET /\r\nHost: a\r\n\r\n", 505},
    {"Http12", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
    {"Http20", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
    {"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"RtspVersion", "OPTIONS / RTSP/1.0\r\nHost: a\r\n\r\n", 400},
    {"RtspMethod", "DESCRIBE / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"RtspBoth", "SETUP / RTSP/1.0\r\nHost: a\r\n\r\n", 400},
    {"IceVersion", "SOURCE / ICE/1.0\r\nHost: a\r\n\r\n", 400},
    {"LowerCaseVersion", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
    {"UnknownMethod", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"Connect", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"MethodThatIsMoreThanAnother", "GETS / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"MethodThatIsLessThanAnother", "GE / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"MethodWithoutEnd", std::string(33, 'M'), 501},
    {"MethodWithControl", "BREW\x01 / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"MethodAlone", "GARBAGE\r\n\r\n", 400},
    {"NotHttp", "\x16\x03\x01\x02\x00\x01", 400},
    {"TwoBlanksBeforeTarget", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"TwoBlanksBehindTarget", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"Fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"AsteriskWithGet", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"OtherScheme", "GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"AuthorityWithUserInformation", "GET http://u@a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"AuthorityWithPassword", "GET http://u:p@a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"AuthorityWithoutName", "GET http://:80/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"AuthorityWithAMark", "GET http://a\"b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"AbsoluteTargetWithoutHost", "GET http://a/b HTTP/1.1\r\n\r\n", 400},
    {"AbsoluteTargetWithMalformedHost", "GET http://a/b HTTP/1.1\r\nHost: b/c\r\n\r\n", 400},
    {"NoAuthority", "GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"ByteAboveAsciiInTarget", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"NulInTarget", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, 400},
    {"OtherExpectation", post("Content-Length: 3\r\nExpect: miracle\r\n\r\n"), 417},
};

INSTANTIATE_TEST_SUITE_P(RequestParser, Refusals, testing::ValuesIn(kRefusals),
                         [](const auto& shown) { return std::string(shown.param.name); });

TEST(RequestParser, TakesAbsoluteTargets) {
  const Parsed whole("GET http://other:80/tokens?q HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(whole.request.path, "/tokens");
  EXPECT_EQ(whole.request.query, "q");
  EXPECT_EQ(Parsed("GET HTTPS://other HTTP/1.1\r\nHost: a\r\n\r\n").request.path, "/");
  const Parsed bare("GET http://other?q HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(bare.request.path, "/");
  EXPECT_EQ(bare.request.query, "q");
}

// RFC 9112, section 3.2.2.
TEST(RequestParser, ReplacesHostByTheAuthorityOfAnAbsoluteTarget) {
  const Parsed replaced("GET http://other:80/ HTTP/1.1\r\nX: 1\r\nHOST: a\r\nY: 2\r\n\r\n", 1);
  ASSERT_TRUE(replaced.complete());
  EXPECT_EQ(replaced.request.header("Host"), "other:80");
  EXPECT_EQ(replaced.request.header_count("Host"), 1U);
  EXPECT_EQ(replaced.request.headers.size(), 3U);
  const Parsed added("GET http://[::1]?q HTTP/1.0\r\n\r\n");
  EXPECT_EQ(added.request.header("Host"), "[::1]");
  const Parsed origin("GET /http://other/ HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(origin.request.header("Host"), "a");
}

TEST(RequestParser, DoesNotDecodeThePath) {
  EXPECT_EQ(Parsed("GET /%74okens/../x HTTP/1.1\r\nHost: a\r\n\r\n").request.path, "/%74okens/../x");
}

TEST(RequestParser, TakesAsteriskForOptions) {
  EXPECT_EQ(Parsed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").request.path, "*");
}

TEST(RequestParser, TakesUtf8InHeaderValues) {
  EXPECT_EQ(Parsed(with("Host: a\r\nX: \xc3\xa9\r\n")).request.header("X"), "\xc3\xa9");
}

TEST(RequestParser, TakesAnEmptyValueAndAnEmptyHost) {
  const Parsed parsed(with("Host:\r\nX: \t \r\n"));
  ASSERT_TRUE(parsed.complete());
  EXPECT_EQ(parsed.request.header("X"), "");
}

TEST(RequestParser, IgnoresAnOfferToUpgrade) {
  const std::string input = with("Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n");
  const Parsed parsed(input + "GET");
  ASSERT_TRUE(parsed.complete());
  EXPECT_EQ(parsed.parser.used(), input.size());
  EXPECT_TRUE(parsed.parser.keep_alive());
  const Parsed body(post("Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc") + "GET");
  ASSERT_TRUE(body.complete());
  EXPECT_EQ(body.request.body, "abc");
}

TEST(RequestParser, KnowsWhoKeepsTheConnection) {
  EXPECT_FALSE(Parsed(with("Host: a\r\nConnection: close\r\n")).parser.keep_alive());
  EXPECT_FALSE(Parsed(with("Host: a\r\nConnection: x, Close\r\n")).parser.keep_alive());
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\n\r\n").parser.keep_alive());
  EXPECT_TRUE(Parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").parser.keep_alive());
}

TEST(RequestParser, ReadsConnectionAsAListWithBlanksOfEitherKind) {
  EXPECT_FALSE(Parsed(with("Host: a\r\nConnection: close\t\r\n")).parser.keep_alive());
  EXPECT_FALSE(Parsed(with("Host: a\r\nConnection:\tx\t,\tclose\t,\ty\r\n")).parser.keep_alive());
  EXPECT_FALSE(Parsed(with("Host: a\r\nConnection: x\r\nConnection: close\r\n")).parser.keep_alive());
  EXPECT_TRUE(Parsed(with("Host: a\r\nConnection: closed, not-close\r\n")).parser.keep_alive());
  EXPECT_TRUE(Parsed("GET / HTTP/1.0\r\nConnection: x, keep-alive\t\r\n\r\n").parser.keep_alive());
}

TEST(RequestParser, LetsCloseWinOverKeepAlive) {
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").parser.keep_alive());
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n").parser.keep_alive());
}

TEST(RequestParser, ListensToNoProxyConnection) {
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n").parser.keep_alive());
  EXPECT_TRUE(Parsed(with("Host: a\r\nProxy-Connection: close\r\n")).parser.keep_alive());
}

std::string body_in_all_pieces(const std::string& input) {
  const std::string outcome = outcome_in_all_pieces(input);
  EXPECT_EQ(outcome.find(" but "), std::string::npos) << outcome;
  return outcome.starts_with("complete") ? std::string(Parsed(input).request.body) : outcome;
}

// RFC 9110, section 5.6.3: blanks around a value are spaces and tabs.
TEST(RequestParser, TakesTabsAroundALengthAndACoding) {
  EXPECT_EQ(body_in_all_pieces(post("Content-Length:\t3\t\r\n\r\nabc")), "abc");
  EXPECT_EQ(body_in_all_pieces(post("Content-Length: 3 \t \r\n\r\nabc")), "abc");
  EXPECT_EQ(body_in_all_pieces(post("Transfer-Encoding:\tchunked\t\r\n\r\n3\r\nabc\r\n0\r\n\r\n")), "abc");
}

TEST(RequestParser, TakesChunkExtensionsOfEveryForm) {
  for (const char* extension : {";a", ";a=b", ";a=\"b\"", ";a=\"\"", ";a=\"b;c\\\"\\\\\t \xc3\xa9\"", ";a;b=c;d=\"e\"",
                                " ; a = b", "\t;\ta\t=\t\"b\" ;c"}) {
    EXPECT_EQ(body_in_all_pieces(chunked("3" + std::string(extension) + "\r\nabc\r\n0" + extension + "\r\n\r\n")),
              "abc")
        << extension;
  }
}

TEST(RequestParser, TakesTrailersAndZerosBeforeAChunkSize) {
  EXPECT_EQ(body_in_all_pieces(chunked("0000000000000003\r\nabc\r\n000\r\nX:\r\nY: a \t\xc3\xa9\r\n\r\n")), "abc");
}

TEST(RequestParser, KeepsNothingOfABodyThatIsDiscarded) {
  const std::string head = post("Content-Length: 100000\r\n\r\n");
  const Parsed sized(head + std::string(100'000, 'x') + "GET", 1000, {}, Parsed::Body::discarded);
  ASSERT_TRUE(sized.complete());
  EXPECT_EQ(sized.request.body, "");
  EXPECT_LT(sized.most, head.size() + 1001);
  std::string input = chunked("");
  for (int i = 0; i < 1000; ++i) input += "64;x=\"y\"\r\n" + std::string(100, 'x') + "\r\n";
  const Parsed chunks(input + "0\r\nT: v\r\n\r\n", 1000, {}, Parsed::Body::discarded);
  ASSERT_TRUE(chunks.complete());
  EXPECT_EQ(chunks.request.body, "");
  EXPECT_LT(chunks.most, head.size() + 1100);
}

TEST(RequestParser, AsksForABodyThatWaitsForAContinue) {
  EXPECT_TRUE(Parsed(post("Content-Length: 3\r\nExpect: 100-Continue\r\n\r\n")).parser.expects_continue());
  EXPECT_TRUE(Parsed(post("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")).parser.expects_continue());
  EXPECT_FALSE(Parsed(post("Content-Length: 3\r\nExpect: 100-continue\r\n\r\na")).parser.expects_continue());
  EXPECT_FALSE(Parsed(post("Content-Length: 3\r\n\r\n")).parser.expects_continue());
}

constexpr RequestLimits kSmall{100, 50, 20};

int status_in_all_pieces(const std::string& input) {
  const std::string outcome = outcome_in_all_pieces(input, kSmall);
  EXPECT_EQ(outcome.find(" but "), std::string::npos) << outcome;
  return outcome.starts_with("complete") ? 0 : std::atoi(outcome.c_str());
}

std::string of(std::size_t size) { return std::string(size, 'x'); }

TEST(RequestParser, BoundsTheTarget) {
  EXPECT_EQ(status_in_all_pieces("GET /" + of(49) + " HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
  EXPECT_EQ(status_in_all_pieces("GET /" + of(50) + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
}

TEST(RequestParser, BoundsTheHeaderFields) {
  EXPECT_EQ(status_in_all_pieces(with("Host: a\r\nX: " + of(70) + "\r\n")), 0);
  EXPECT_EQ(status_in_all_pieces(with("Host: a\r\nX: " + of(100) + "\r\n")), 431);
  EXPECT_EQ(status_in_all_pieces(with("Host: a\r\n" + of(100) + ": x\r\n")), 431);
}

TEST(RequestParser, BoundsBlanksThatNoCallbackSees) {
  EXPECT_EQ(Parsed("GET / HTTP/1.1\r\nX:" + std::string(500, ' '), 10, kSmall).status(), 431);
  EXPECT_EQ(status_in_all_pieces("GET / HTTP/1.1\r\nHost: a\r\nX:" + std::string(500, ' ') + "\r\n\r\n"), 431);
  EXPECT_EQ(status_in_all_pieces("GET / " + std::string(500, ' ') + "HTTP/1.1\r\nHost: a\r\n\r\n"), 431);
  EXPECT_EQ(status_in_all_pieces("GET" + std::string(500, ' ')), 400) << "more than one blank in the request line";
}

TEST(RequestParser, BoundsTheNumberOfHeaderFields) {
  std::string lines = "Host: a\r\n";
  for (std::size_t i = 1; i < RequestParser::kMaxHeaders; ++i) lines += "a:b\r\n";
  EXPECT_TRUE(Parsed(with(lines)).complete());
  EXPECT_EQ(Parsed(with(lines + "a:b\r\n")).status(), 431);
}

TEST(RequestParser, BoundsTheBody) {
  EXPECT_TRUE(Parsed(post("Content-Length: 20\r\n\r\n" + of(20)), 3, kSmall).complete());
  EXPECT_EQ(Parsed(post("Content-Length: 21\r\n\r\n"), 3, kSmall).status(), 413) << "before the body is there";
  EXPECT_EQ(Parsed(post("Transfer-Encoding: chunked\r\n\r\n14\r\n" + of(20) + "\r\n0\r\n\r\n"), 3, kSmall).status(), 0);
  EXPECT_EQ(Parsed(post("Transfer-Encoding: chunked\r\n\r\n15\r\n" + of(21) + "\r\n0\r\n\r\n"), 3, kSmall).status(),
            413);
}

TEST(RequestParser, BoundsWhatIsDroppedOfAChunkedBody) {
  const std::string head = post("Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(Parsed(head + "1;" + of(101) + "\r\na\r\n0\r\n\r\n", 3, kSmall).status(), 431);
  EXPECT_EQ(Parsed(head + "1\r\na\r\n0\r\nT: " + of(101) + "\r\n\r\n", 3, kSmall).status(), 431);
}

TEST(RequestParser, TellsThePathOfARefusedRequest) {
  const Parsed parsed(with("Host: a\r\nX-Request-Id: 42\r\nBad : x\r\n"));
  EXPECT_EQ(parsed.status(), 400);
  EXPECT_EQ(parsed.request.path, "/");
  EXPECT_EQ(parsed.request.header("X-Request-Id"), "42");
}

TEST(RequestParser, ServesTheNextRequestAfterReset) {
  RequestParser parser{RequestLimits{}};
  std::string first = chunked("1\r\na\r\n0\r\n\r\n");
  ASSERT_EQ(parser.parse(first.data(), first.size()), RequestParser::State::body_ahead);
  parser.take_body(100);
  ASSERT_EQ(parser.parse(first.data(), first.size()), RequestParser::State::complete);
  parser.reset();
  std::string second(kSimple);
  ASSERT_EQ(parser.parse(second.data(), second.size()), RequestParser::State::complete);
  Request request;
  parser.describe(second.data(), request);
  EXPECT_EQ(request.path, "/tokens");
  EXPECT_EQ(request.body, "");
}

TEST(RequestParser, SaysWhatItWasWhenItWasNotHttpHoweverItArrived) {
  const std::string hello = std::string("\x16\x03\x01\x02\x00\x01", 6);
  EXPECT_EQ(outcome_in_all_pieces(hello), "400 A TLS handshake was received; this port accepts plain HTTP only");
  const std::string header = "PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(outcome_in_all_pieces(header), "501 A PROXY protocol header was received; this port does not support it");
  const std::string signature("\r\n\r\n\0\r\nQUIT\n\x21\x11", 14);
  EXPECT_EQ(outcome_in_all_pieces(signature),
            "400 A PROXY protocol header was received; this port does not support it");
  EXPECT_EQ(outcome_in_all_pieces(std::string("\r\n\0\r\n", 5)), "400 Malformed request");
}

TEST(RequestParser, OfARequestThatHasNoMethodNothingIsKnownWhereverItBegins) {
  for (const char* lines : {"", "\r\n", "\r\n\r\n"}) {
    const Parsed parsed(std::string(lines) + "\x01 / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(parsed.status(), 400);
    EXPECT_EQ(parsed.request.method_name.size(), 0U);
  }
}

} // namespace
} // namespace authd::http
