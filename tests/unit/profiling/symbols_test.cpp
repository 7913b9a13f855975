// SPDX-License-Identifier: Apache-2.0
#include "profiling/symbols.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <gmock/gmock.h>
#include <unistd.h>

namespace authd::profiling {
namespace {

[[gnu::noinline]] int a_function_of_the_test(int n) { return n + 1; }

std::string this_program() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Symbols, NameAHiddenFunctionOfTheExecutable) {
  Symbols symbols;
  const Frame frame = symbols.at(reinterpret_cast<std::uintptr_t>(&a_function_of_the_test) + 1);
  EXPECT_THAT(frame.function,
              testing::HasSubstr("authd::profiling::(anonymous namespace)::a_function_of_the_test(int)"));
  EXPECT_EQ(frame.object, "profiling_test");
}

TEST(Symbols, NameAFunctionOfALibrary) {
  Symbols symbols;
  EXPECT_THAT(symbols.at(reinterpret_cast<std::uintptr_t>(&::getppid)).object, testing::StartsWith("libc"));
}

TEST(Symbols, NameWhatIsNoCode) {
  Symbols symbols;
  EXPECT_EQ(symbols.at(0), (Frame{"(unknown)", ""}));
  EXPECT_EQ(symbols.at(~std::uintptr_t{0}), (Frame{"(unknown)", ""}));
}

TEST(SymbolTable, FollowsNoOffsetOutOfTheFile) {
  const std::string whole = this_program();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{16}, std::size_t{64}, std::size_t{4096}, whole.size() / 2}) {
    EXPECT_EQ(SymbolTable(std::string_view(whole).substr(0, size)).at(0), std::nullopt) << size;
  }
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 4; ++i) damaged[16 + random() % 48] = static_cast<char>(random()); // the header's offsets
    SymbolTable(damaged).at(4096);
  }
}

} // namespace
} // namespace authd::profiling
