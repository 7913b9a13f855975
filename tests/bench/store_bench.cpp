// SPDX-License-Identifier: Apache-2.0
// bench-store FILE [SECONDS [CLIENTS...]]: how many atomic batches a second store-sqlite makes durable. Each client
// inserts a code (420 B) and redeems it: takes it and inserts a family and a refresh record (420 B each) that expire.
// The file must not exist, and should be where the store will be.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include "sqlite_store.h"

namespace authd::store_sqlite {
namespace {

using sdk::Status;
using sdk::StoredChange;
using std::chrono::duration;
using std::chrono::steady_clock;

constexpr std::int64_t kLife = 10'000; // ms

std::int64_t now_ms() {
  return std::chrono::duration_cast<sdk::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

sdk::milliseconds a_minute() { return sdk::milliseconds(60'000); }

StoredChange change(std::uint32_t op, std::string_view type, std::string_view id, std::string_view body = {},
                    std::string_view family = {}) {
  StoredChange c{op, 0, {type, id, body, 0, now_ms() + kLife}};
  if (!family.empty()) {
    c.record.index[0] = {"family", family, false};
    c.record.index_count = 1;
  }
  return c;
}

// 32 bytes, spread over the table as digests are.
std::string digest(std::uint64_t client, std::uint64_t n, char kind) {
  std::string id(32, kind);
  std::uint64_t x = (client << 40) ^ n;
  for (int word = 0; word < 4; ++word) {
    x = (x ^ (x >> 31)) * 0x9E3779B97F4A7C15ULL + static_cast<std::uint64_t>(kind);
    for (int i = 0; i < 8; ++i) id[static_cast<std::size_t>(8 * word + i)] = static_cast<char>(x >> (8 * i));
  }
  return id;
}

struct Times {
  std::vector<double> ms;
  double at(double part) {
    std::sort(ms.begin(), ms.end());
    return ms.empty() ? 0 : ms[static_cast<std::size_t>(static_cast<double>(ms.size() - 1) * part)];
  }
};

void redeem(SqliteStore& store, std::uint64_t client, const std::atomic<bool>& stop, Times& times) {
  const std::string body(420, 'x');
  for (std::uint64_t n = 0; !stop; ++n) {
    const std::string code = digest(client, n, 'c'), family = digest(client, n, 'f'), refresh = digest(client, n, 'r');
    const StoredChange seed[] = {change(AUTHD_CHANGE_INSERT, "oauth/code", code, body)};
    const StoredChange redeem[] = {change(AUTHD_CHANGE_TAKE, "oauth/code", code),
                                   change(AUTHD_CHANGE_INSERT, "oauth/family", family, body),
                                   change(AUTHD_CHANGE_INSERT, "oauth/refresh", refresh, body, family)};
    for (const std::span<const StoredChange> batch :
         {std::span<const StoredChange>(seed), std::span<const StoredChange>(redeem)}) {
      const auto begun = steady_clock::now();
      const auto applied = store.apply(batch, &a_minute);
      if (applied.fault.status != Status::ok)
        std::fprintf(stderr, "refused: %s\n", applied.fault.message.c_str()), std::abort();
      times.ms.push_back(duration<double, std::milli>(steady_clock::now() - begun).count());
    }
  }
}

double cpu_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec); };
  return us(used.ru_utime) + us(used.ru_stime);
}

void measure(SqliteStore& store, unsigned clients, double seconds) {
  static std::uint64_t next_client = 0;
  std::atomic<bool> stop{false};
  std::vector<Times> times(clients);
  std::vector<std::thread> threads;
  const auto before = store.counts();
  const double cpu_before = cpu_us();
  const auto begun = steady_clock::now();
  for (unsigned i = 0; i < clients; ++i)
    threads.emplace_back(redeem, std::ref(store), ++next_client, std::cref(stop), std::ref(times[i]));
  std::this_thread::sleep_for(duration<double>(seconds));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  const double took = duration<double>(steady_clock::now() - begun).count();
  const auto after = store.counts();
  Times all;
  for (const Times& t : times) all.ms.insert(all.ms.end(), t.ms.begin(), t.ms.end());
  const auto batches = static_cast<double>(after.batches - before.batches);
  std::printf("%7u %10.0f %10.0f %8.2f / %-7.2f %8.0f\n", clients, batches / took,
              static_cast<double>(after.commits - before.commits) / took, all.at(0.5), all.at(0.99),
              (cpu_us() - cpu_before) / batches);
  std::fflush(stdout);
}

int run(const std::string& path, double seconds, const std::vector<unsigned>& clients) {
  const auto store = SqliteStore::open(
      {path, 0}, &now_ms, [](const Fault&) {}, &a_minute);
  if (!store) return std::fprintf(stderr, "%s\n", store.error().message.c_str()), 1;
  std::printf("clients  batches/s  commits/s   p50 / p99 ms    CPU us per batch\n");
  for (const unsigned n : clients) measure(**store, n, seconds);
  const auto expired = (*store)->count_expired(&a_minute);
  std::printf("expired and not yet removed: %llu; %.1f MiB\n", static_cast<unsigned long long>(expired ? *expired : 0),
              static_cast<double>((*store)->bytes()) / (1 << 20));
  return 0;
}

} // namespace
} // namespace authd::store_sqlite

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: bench-store FILE [SECONDS [CLIENTS...]]\n"), 64;
  std::vector<unsigned> clients;
  for (int i = 3; i < argc; ++i) clients.push_back(static_cast<unsigned>(std::atoi(argv[i])));
  if (clients.empty()) clients = {1, 16, 64};
  return authd::store_sqlite::run(argv[1], argc > 2 ? std::atof(argv[2]) : 5, clients);
}
