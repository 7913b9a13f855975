// SPDX-License-Identifier: Apache-2.0
#include "base/cpus.h"

#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

namespace authd {
namespace {

namespace fs = std::filesystem;

class CpuQuota : public testing::Test {
 protected:
  CpuQuota() : root_(fs::temp_directory_path() / ("authd-cgroup-" + std::to_string(::getpid()))) {
    fs::create_directories(root_ / "kube" / "pod");
  }
  ~CpuQuota() override { fs::remove_all(root_); }
  void write(const std::string& cgroup, const std::string& text) const {
    std::ofstream(root_ / cgroup / "cpu.max") << text << '\n';
  }

  const fs::path root_;
};

TEST_F(CpuQuota, IsThatOfTheCgroupWithAPartOfACpuCountingAsOne) {
  for (const auto& [text, cpus] : {std::pair("200000 100000", 2u), std::pair("150000 100000", 2u),
                                   std::pair("10000 100000", 1u), std::pair("100001 100000", 2u)}) {
    write("kube/pod", text);
    EXPECT_EQ(cpu_quota("0::/kube/pod\n", root_), cpus) << text;
  }
}

TEST_F(CpuQuota, IsTheLeastOfThoseAbove) {
  write("kube/pod", "max 100000");
  write("kube", "300000 100000");
  EXPECT_EQ(cpu_quota("0::/kube/pod\n", root_), 3u);
  write("kube/pod", "400000 100000");
  EXPECT_EQ(cpu_quota("0::/kube/pod\n", root_), 3u);
  write("", "100000 100000"); // a container sees its own cgroup as the root
  EXPECT_EQ(cpu_quota("0::/\n", root_), 1u);
}

TEST_F(CpuQuota, IsNoneWhereNothingSaysSo) {
  EXPECT_EQ(cpu_quota("0::/kube/pod\n", root_), std::nullopt);
  for (const char* text : {"max 100000", "", "garbage", "-1 100000", "0 100000", "100000 0"}) {
    write("kube/pod", text);
    EXPECT_EQ(cpu_quota("0::/kube/pod\n", root_), std::nullopt) << text;
  }
  EXPECT_EQ(cpu_quota("4:cpu,cpuacct:/docker/x\n", root_), std::nullopt);
  EXPECT_EQ(cpu_quota("", root_), std::nullopt);
}

TEST(UsableCpus, AreThoseOfTheAffinity) {
  EXPECT_GE(usable_cpus(), 1u);
  EXPECT_LE(usable_cpus(), std::thread::hardware_concurrency());
  std::thread([] { // affinity is a thread's own
    cpu_set_t one;
    ASSERT_EQ(::sched_getaffinity(0, sizeof(one), &one), 0);
    bool kept = false;
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &one) && std::exchange(kept, true)) CPU_CLR(cpu, &one);
    }
    ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
    EXPECT_EQ(usable_cpus(), 1u);
  })
      .join();
}

} // namespace
} // namespace authd
