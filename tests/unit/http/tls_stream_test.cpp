// SPDX-License-Identifier: Apache-2.0
#include "http/tls.h"

#include <array>
#include <cerrno>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls_fixture.h"

namespace authd::http {
namespace {

// Both ends in one thread, over a pair of sockets.
class Stream : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_.data()), 0);
    server_ = TlsStream::over(sockets_[0], *context_);
    ASSERT_NE(server_, nullptr);
    SSL_set_fd(client_.get(), sockets_[1]);
    std::array<char, 16> nothing;
    for (int turn = 0; turn < 10 && SSL_connect(client_.get()) != 1; ++turn) {
      EXPECT_EQ(server_->receive(nothing), -1);
      EXPECT_EQ(errno, EAGAIN);
    }
    EXPECT_EQ(server_->receive(nothing), -1);
    ASSERT_TRUE(server_->established());
  }
  ~Stream() override {
    ::close(sockets_[0]);
    ::close(sockets_[1]);
  }

  std::array<int, 2> sockets_{-1, -1};
  const std::shared_ptr<const TlsContext> context_ = context_of(test::Authority().issue());
  const std::unique_ptr<SSL_CTX, test::OpenSslDeleter<SSL_CTX_free>> client_context_{SSL_CTX_new(TLS_client_method())};
  const std::unique_ptr<SSL, test::OpenSslDeleter<SSL_free>> client_{SSL_new(client_context_.get())};
  std::unique_ptr<TlsStream> server_;
};

TEST_F(Stream, IsDrainedWhenNoRecordIsLeftAndNotBefore) {
  ASSERT_EQ(SSL_write(client_.get(), "one", 3), 3);
  ASSERT_EQ(SSL_write(client_.get(), "two", 3), 3);
  server_->on_ready();
  std::array<char, 16> bytes;
  EXPECT_EQ(server_->receive(bytes), 3);
  EXPECT_FALSE(server_->drained());
  EXPECT_EQ(server_->receive(bytes), 3);
  EXPECT_TRUE(server_->drained());
}

TEST_F(Stream, IsNotDrainedWhenMoreCameWhileABufferedRecordWaited) {
  ASSERT_EQ(SSL_write(client_.get(), "one", 3), 3);
  ASSERT_EQ(SSL_write(client_.get(), "two", 3), 3);
  std::array<char, 16> bytes;
  server_->on_ready();
  EXPECT_EQ(server_->receive(bytes), 3);
  ASSERT_EQ(SSL_write(client_.get(), "three", 5), 5);
  server_->on_ready();
  EXPECT_EQ(server_->receive(bytes), 3);
  EXPECT_FALSE(server_->drained());
  EXPECT_EQ(server_->receive(bytes), 5);
}

TEST_F(Stream, StillSendsWhenTheClientHasFinishedSending) {
  SSL_shutdown(client_.get());
  std::array<char, 16> bytes;
  EXPECT_EQ(server_->receive(bytes), 0);
  EXPECT_EQ(server_->send("late", 4), 4);
  EXPECT_EQ(SSL_read(client_.get(), bytes.data(), static_cast<int>(bytes.size())), 4);
}

// OpenSSL says "end of stream" then, which a sender that goes on until all is sent would take for "nothing
// yet".
TEST_F(Stream, FailsToSendToAClientThatFinishedSendingAndWent) {
  SSL_shutdown(client_.get());
  std::array<char, 16> bytes;
  ASSERT_EQ(server_->receive(bytes), 0);
  ::shutdown(sockets_[1], SHUT_RDWR);
  EXPECT_EQ(server_->send("late", 4), -1);
  EXPECT_NE(errno, EAGAIN);
  EXPECT_TRUE(server_->failed());
  EXPECT_TRUE(server_->send_close_notify()) << "there is no connection to close";
}

// OpenSSL would go through all of them in one call, for as long as the client goes on (RFC 8446, section 4.6.3).
TEST_F(Stream, PausesWithinAFloodOfRecordsWithoutData) {
  constexpr int kUpdates = 3000;
  BIO* const written = BIO_new(BIO_s_mem());
  SSL_set0_wbio(client_.get(), written);
  for (int i = 0; i < kUpdates; ++i) {
    ASSERT_EQ(SSL_key_update(client_.get(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(client_.get()), 1);
  }
  ASSERT_EQ(SSL_write(client_.get(), "data", 4), 4);
  char* flood = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(written, &flood));
  ASSERT_EQ(::send(sockets_[1], flood, size, 0), static_cast<ssize_t>(size));
  server_->on_ready();
  std::array<char, 16> bytes;
  std::size_t pauses = 0;
  ssize_t n = -1;
  for (; pauses < 100 && n < 0; ++pauses) {
    n = server_->receive(bytes);
    if (n >= 0) break;
    ASSERT_EQ(errno, EAGAIN);
    ASSERT_TRUE(server_->paused()) << "else it would wait for an edge that does not come";
  }
  EXPECT_EQ(n, 4);
  EXPECT_EQ(pauses, size / (32 * 1024)) << size << " bytes";
  EXPECT_FALSE(server_->paused());
}

} // namespace
} // namespace authd::http
