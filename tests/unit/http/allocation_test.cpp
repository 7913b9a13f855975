// SPDX-License-Identifier: Apache-2.0
// Counts what the whole process allocates, so it is an executable of its own. OpenSSL allocates by itself,
// and is counted apart, without what the test's own client needs.
#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <sys/socket.h>

#include "described.h"
#include "test_server.h"
#include "tls_fixture.h"

namespace {
std::atomic<long> allocations{0};
std::atomic<long> openssl_allocations{0};
thread_local bool is_client = false;

void* openssl_malloc(std::size_t size, const char*, int) {
  if (!is_client) ++openssl_allocations;
  return std::malloc(size);
}
void* openssl_realloc(void* memory, std::size_t size, const char*, int) {
  if (!is_client) ++openssl_allocations;
  return std::realloc(memory, size);
}
void openssl_free(void* memory, const char*, int) { std::free(memory); }

// Before OpenSSL has allocated anything, or it keeps its own.
const int openssl_is_counted = CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);
} // namespace

// noinline, or gcc sees free() meet operator new and warns.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace authd::http {
namespace {

// Sends and receives without allocating; the answers all have the same size.
void exchange(int fd, std::string_view request, std::size_t answer_bytes) {
  std::array<char, 4096> bytes{};
  ASSERT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  ASSERT_EQ(::recv(fd, bytes.data(), answer_bytes, MSG_WAITALL), static_cast<ssize_t>(answer_bytes));
}

std::size_t size_of_answer(int fd, std::string_view request) {
  std::array<char, 4096> bytes{};
  EXPECT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  const ssize_t n = ::recv(fd, bytes.data(), bytes.size(), 0);
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

TEST(Allocation, AWarmRequestOnAKeptConnectionNeedsNone) {
  Router router;
  router.add({described(Method::get, "/hello"), [](Exchange& e) { e.respond(200, "text/plain", "hello"); }});
  Log log{{}};
  ServerOptions options;
  options.port = 0;
  options.reactors = 1;
  Server server(options, router, nullptr, log);
  server.start();
  RawClient client(server.port());
  const std::string request = get("/hello", "X-Consumer-ID: 1\r\nX-Consumer-Username: kong\r\nAccept: */*\r\n");
  const std::size_t size = size_of_answer(client.fd(), request);
  for (int i = 0; i < 100; ++i) exchange(client.fd(), request, size);
  const long before = allocations;
  for (int i = 0; i < 1000; ++i) exchange(client.fd(), request, size);
  EXPECT_EQ(allocations - before, 0);
}

// In place of TlsConnection's, which build strings.
void exchange(SSL* ssl, std::string_view request, std::size_t answer_bytes) {
  std::array<char, 4096> bytes{};
  ASSERT_EQ(SSL_write(ssl, request.data(), static_cast<int>(request.size())), static_cast<int>(request.size()));
  for (std::size_t got = 0; got < answer_bytes;) {
    const int n = SSL_read(ssl, bytes.data(), static_cast<int>(bytes.size()));
    ASSERT_GT(n, 0);
    got += static_cast<std::size_t>(n);
  }
}

// OpenSSL 3.0 takes four nodes of 40 bytes for the records that it writes, and it gives the two buffers of a
// connection back when they are empty (SSL_MODE_RELEASE_BUFFERS): an idle one would hold 34 KB else.
TEST(Allocation, AWarmRequestOverTlsNeedsNoneOfOursAndSixOfOpenSsl) {
  ASSERT_EQ(openssl_is_counted, 1);
  is_client = true;
  Router router;
  router.add({described(Method::get, "/hello"), [](Exchange& e) { e.respond(200, "text/plain", "hello"); }});
  Log log{{}};
  ServerOptions options = over_tls(test::Authority().issue());
  options.port = 0;
  options.reactors = 1;
  Server server(options, router, nullptr, log);
  server.start();
  test::TlsConnection client(server.port());
  ASSERT_EQ(::fcntl(client.wire().fd(), F_SETFL, 0), 0); // blocks again
  const std::string request = get("/hello", "X-Consumer-ID: 1\r\nX-Consumer-Username: kong\r\nAccept: */*\r\n");
  ASSERT_TRUE(client.send(request));
  std::array<char, 4096> first{};
  const int size = SSL_read(client.ssl(), first.data(), static_cast<int>(first.size()));
  ASSERT_GT(size, 0);
  for (int i = 0; i < 100; ++i) exchange(client.ssl(), request, static_cast<std::size_t>(size));
  const long before = allocations;
  const long openssl_before = openssl_allocations;
  for (int i = 0; i < 1000; ++i) exchange(client.ssl(), request, static_cast<std::size_t>(size));
  EXPECT_EQ(allocations - before, 0);
  EXPECT_LE(openssl_allocations - openssl_before, 6 * 1000);
}

} // namespace
} // namespace authd::http
