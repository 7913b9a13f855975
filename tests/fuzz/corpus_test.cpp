// SPDX-License-Identifier: Apache-2.0
// Replays the corpora: what script/fuzz searches from, and each input that it once found something with.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "fuzz_target.h"

namespace authd::fuzz {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpora = AUTHD_FUZZ_CORPORA;

// To the byte, so that the sanitizers see what is read beyond its end.
std::vector<std::uint8_t> content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
  bytes.shrink_to_fit();
  return bytes;
}

std::set<fs::path> files_of(const Target& target) {
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kCorpora / target.name)) files.insert(entry.path());
  return files;
}

class FuzzCorpus : public testing::TestWithParam<Target> {};

TEST_P(FuzzCorpus, HoldsItsProperties) {
  const std::set<fs::path> files = files_of(GetParam());
  EXPECT_GE(files.size(), 6U) << "too few to search from";
  for (const fs::path& file : files) {
    SCOPED_TRACE(file);
    EXPECT_NO_THROW(GetParam().run(content_of(file)));
  }
}

TEST_P(FuzzCorpus, GoesOnWithoutInput) { EXPECT_NO_THROW(GetParam().run({})); }

INSTANTIATE_TEST_SUITE_P(, FuzzCorpus, testing::ValuesIn(targets().begin(), targets().end()),
                         [](const auto& with) { return std::string(with.param.name); });

TEST(FuzzCorpora, BelongToTargets) {
  std::set<std::string_view> names;
  for (const Target& target : targets()) names.insert(target.name);
  for (const auto& entry : fs::directory_iterator(kCorpora)) {
    const std::string folder = entry.path().filename();
    EXPECT_TRUE(names.contains(folder)) << folder << " is replayed by no target";
  }
}

} // namespace
} // namespace authd::fuzz
