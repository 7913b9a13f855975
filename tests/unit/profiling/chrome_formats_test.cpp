// SPDX-License-Identifier: Apache-2.0
// The rules of the DevTools protocol's types: what its panels take for granted.
#include <map>
#include <set>
#include <vector>

#include <gmock/gmock.h>

#include "known_profile.h"

namespace authd::profiling {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;
using testing::ElementsAre;

std::vector<int> integers(const Object::Ptr& object, const std::string& member) {
  std::vector<int> all;
  const Array::Ptr array = object->getArray(member);
  for (std::size_t i = 0; i < array->size(); ++i) all.push_back(array->getElement<int>(static_cast<unsigned>(i)));
  return all;
}

// A profile as DevTools builds it: the names from the root to a node.
class Tree {
 public:
  explicit Tree(const Object::Ptr& profile) {
    const Array::Ptr nodes = profile->getArray("nodes");
    for (unsigned i = 0; i < nodes->size(); ++i) add(nodes->getObject(i));
  }
  std::string path_of(int id) const {
    const auto parent = parents_.find(id);
    return (parent == parents_.end() ? "" : path_of(parent->second) + " > ") + names_.at(id);
  }
  std::map<std::string, int> hits; // by path, where there are any
  std::size_t size() const { return names_.size(); }
  std::size_t roots() const { return names_.size() - parents_.size(); }
  void count_hits() {
    for (const auto& [id, count] : hits_) {
      if (count != 0) hits[path_of(id)] = count;
    }
  }

 private:
  void add(const Object::Ptr& node) {
    const int id = node->getValue<int>("id");
    EXPECT_FALSE(names_.contains(id)) << "an id for each";
    names_[id] = node->getObject("callFrame")->getValue<std::string>("functionName");
    hits_[id] = node->getValue<int>("hitCount");
    for (const int child : integers(node, "children")) {
      EXPECT_FALSE(parents_.contains(child)) << "one parent for each";
      parents_[child] = id;
    }
  }
  std::map<int, std::string> names_;
  std::map<int, int> hits_;
  std::map<int, int> parents_;
};

TEST(CpuProfile, IsATreeOfCallsUnderTheirThreads) {
  const auto profile = parsed(to_cpuprofile(known_cpu_profile()));
  Tree tree(profile);
  tree.count_hits();
  EXPECT_EQ(tree.roots(), 1u);
  EXPECT_THAT(tree.hits, ElementsAre(testing::Pair("(root) > one > main > serve", 1),
                                     testing::Pair("(root) > one > main > serve > sign(\"it\")", 3),
                                     testing::Pair("(root) > two > main > sign(\"it\")", 1)));
}

TEST(CpuProfile, HasATimeForEachSampleWhichAddUpToTheCpuTime) {
  const auto profile = parsed(to_cpuprofile(known_cpu_profile()));
  const Tree tree(profile);
  std::vector<std::string> paths;
  for (const int id : integers(profile, "samples")) paths.push_back(tree.path_of(id));
  EXPECT_THAT(paths, ElementsAre("(root) > one > main > serve > sign(\"it\")", "(root) > one > main > serve",
                                 "(root) > one > main > serve > sign(\"it\")", "(root) > two > main > sign(\"it\")"));
  EXPECT_THAT(integers(profile, "timeDeltas"), ElementsAre(0, 10'000, 5'000, 5'000));
  const auto start = profile->getValue<Poco::Int64>("startTime");
  EXPECT_EQ(start, 1'700'000'000'000'000);
  EXPECT_EQ(profile->getValue<Poco::Int64>("endTime") - start, 25'000) << "the last sample's time too";
}

TEST(CpuProfile, OfAnIdleProcessIsTheRootAlone) {
  Profile idle = known_cpu_profile();
  idle.samples.clear();
  const auto profile = parsed(to_cpuprofile(idle));
  EXPECT_EQ(Tree(profile).size(), 1u);
  EXPECT_EQ(profile->getValue<Poco::Int64>("startTime"), profile->getValue<Poco::Int64>("endTime"));
}

TEST(CpuProfile, HoldsNamesThatAreNotUtf8AsSuch) {
  Profile odd = known_cpu_profile();
  odd.frames[0].function = "\xff\xfe";
  EXPECT_NE(to_cpuprofile(odd).find("(not UTF-8)"), std::string::npos);
}

// The bytes of the nodes, by name; and their ids.
void walk(const Object::Ptr& node, std::map<std::string, int>& bytes, std::set<int>& ids) {
  ids.insert(node->getValue<int>("id"));
  bytes[node->getObject("callFrame")->getValue<std::string>("functionName")] += node->getValue<int>("selfSize");
  const Array::Ptr children = node->getArray("children");
  for (unsigned i = 0; i < children->size(); ++i) walk(children->getObject(i), bytes, ids);
}

TEST(HeapProfile, SaysHowManyBytesEachStackHolds) {
  const auto profile = parsed(to_heapprofile(known_heap_profile()));
  std::map<std::string, int> bytes;
  std::set<int> ids;
  walk(profile->getObject("head"), bytes, ids);
  EXPECT_EQ(bytes["sign(\"it\")"], 3000);
  EXPECT_EQ(bytes["serve"], 64);
  EXPECT_EQ(bytes["main"], 0);
  const Array::Ptr samples = profile->getArray("samples");
  ASSERT_EQ(samples->size(), 2u);
  for (unsigned i = 0; i < samples->size(); ++i) {
    EXPECT_TRUE(ids.contains(samples->getObject(i)->getValue<int>("nodeId")));
    EXPECT_EQ(samples->getObject(i)->getValue<unsigned>("ordinal"), i);
  }
}

} // namespace
} // namespace authd::profiling
