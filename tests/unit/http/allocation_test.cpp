// SPDX-License-Identifier: Apache-2.0
// Counts what the whole process allocates, so it is an executable of its own.
#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "test_server.h"

namespace {
std::atomic<long> allocations{0};
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
  router.add({Method::get, "/hello", "", [](Exchange& e) { e.respond(200, "text/plain", "hello"); }});
  Log log{{}};
  ServerOptions options;
  options.port = 0;
  options.reactors = 1;
  Server server(options, router, nullptr, log);
  server.start();
  RawClient client(server.port());
  const std::string request =
      get("/hello", "X-Consumer-ID: 1\r\nX-Consumer-Username: kong\r\nAccept: */*\r\n");
  const std::size_t size = size_of_answer(client.fd(), request);
  for (int i = 0; i < 100; ++i) exchange(client.fd(), request, size);
  const long before = allocations;
  for (int i = 0; i < 1000; ++i) exchange(client.fd(), request, size);
  EXPECT_EQ(allocations - before, 0);
}

} // namespace
} // namespace authd::http
