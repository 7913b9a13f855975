// SPDX-License-Identifier: Apache-2.0
#include "http_client/answer.h"

#include <gtest/gtest.h>

namespace authd::http_client {
namespace {

using State = Answer::State;

constexpr std::string_view kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(HttpAnswer, IsTheSameHoweverTheBytesAreCut) {
  const std::string bytes = std::string(kChunked) + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Answer answer(false, 100);
    answer.feed(bytes.substr(0, cut));
    ASSERT_EQ(answer.feed(bytes.substr(cut)), State::complete) << cut;
    EXPECT_EQ(answer.body(), "abcde");
    EXPECT_EQ(answer.status(), 200);
  }
}

TEST(HttpAnswer, IsNeverCompleteWhenCutOff) {
  for (const std::string& bytes :
       {std::string(kChunked) + "3\r\nabc\r\n", std::string(kChunked) + "3\r\nab",
        std::string(kChunked) + "3\r\nabc\r\n0\r\n", std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd"),
        std::string("HTTP/1.1 200 OK\r\nContent-Len")}) {
    Answer answer(false, 100);
    answer.feed(bytes);
    EXPECT_EQ(answer.finish(), State::incomplete) << bytes;
  }
}

TEST(HttpAnswer, EndsWithTheConnectionWhenItHasNoLength) {
  Answer answer(false, 100);
  EXPECT_EQ(answer.feed("HTTP/1.1 200 OK\r\n\r\nto the end"), State::incomplete);
  EXPECT_EQ(answer.finish(), State::complete);
  EXPECT_EQ(answer.body(), "to the end");
  EXPECT_FALSE(answer.reusable());
}

TEST(HttpAnswer, SkipsInterimAnswers) {
  Answer answer(false, 100);
  EXPECT_EQ(answer.feed("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\nA: b\r\n\r\n"),
            State::complete);
  EXPECT_EQ(answer.status(), 204);
  ASSERT_EQ(answer.headers().size(), 1u);
  EXPECT_EQ(answer.headers()[0].name, "A");
  EXPECT_TRUE(answer.reusable());
}

TEST(HttpAnswer, HasNoBodyAfterAHeadRequest) {
  Answer answer(true, 100);
  EXPECT_EQ(answer.feed("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"), State::complete);
  EXPECT_TRUE(answer.body().empty());
}

TEST(HttpAnswer, RefusesABodyBeyondItsBoundAnnouncedOrNot) {
  Answer announced(false, 4);
  EXPECT_EQ(announced.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), State::too_long);
  Answer chunked(false, 4);
  EXPECT_EQ(chunked.feed(std::string(kChunked) + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), State::too_long);
  Answer fits(false, 4);
  EXPECT_EQ(fits.feed("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd"), State::complete);
}

TEST(HttpAnswer, RefusesEndlessHeadersAndTrailers) {
  Answer long_value(false, 100);
  EXPECT_EQ(long_value.feed("HTTP/1.1 200 OK\r\nA: " + std::string(Answer::kMaxHeaderBytes, 'x')), State::too_long);
  std::string fields;
  for (std::size_t i = 0; i <= Answer::kMaxHeaders; ++i) fields += "a: b\r\n";
  Answer many(false, 100);
  EXPECT_EQ(many.feed("HTTP/1.1 200 OK\r\n" + fields + "\r\n"), State::too_long);
  Answer trailers(false, 100);
  EXPECT_EQ(trailers.feed(std::string(kChunked) + "0\r\n" + fields + "\r\n"), State::too_long);
}

TEST(HttpAnswer, RefusesWhatIsNotHttp11) {
  for (const char* bytes : {"SSH-2.0-OpenSSH_9.2p1\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
                            "HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    Answer answer(false, 100);
    EXPECT_EQ(answer.feed(bytes), State::malformed) << bytes;
  }
}

TEST(HttpAnswer, DoesNotOfferAConnectionForReuseThatSaidMoreThanItsAnswer) {
  Answer same_read(false, 100);
  EXPECT_EQ(same_read.feed("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n"), State::complete);
  EXPECT_FALSE(same_read.reusable());
  Answer closing(false, 100);
  EXPECT_EQ(closing.feed("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"), State::complete);
  EXPECT_FALSE(closing.reusable());
}

} // namespace
} // namespace authd::http_client
