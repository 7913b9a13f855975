// SPDX-License-Identifier: Apache-2.0
// https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile and
// .../HeapProfiler/#type-SamplingHeapProfile
#include <chrono>
#include <map>
#include <utility>

#include "base/json_writer.h"
#include "profiling/profile.h"

namespace authd::profiling {
namespace {

std::int64_t unix_micros(WallTime t) {
  return std::chrono::duration_cast<std::chrono::microseconds>(t.time_since_epoch()).count();
}

// The calls as a tree, outermost first. Ids begin at 1, the root's.
class CallTree {
 public:
  struct Node {
    Frame frame;
    std::int64_t self = 0;                                               // cpu: samples; heap: bytes
    std::map<std::pair<std::string, std::string>, std::size_t> children; // by object and function
  };

  explicit CallTree(const Profile& profile) : profile_(profile) { nodes_.push_back({{"(root)", ""}, 0, {}}); }

  // The node of the innermost call, as an index.
  std::size_t add(const NamedSample& sample, std::int64_t self) {
    std::size_t at = sample.thread.empty() ? 0 : child_of(0, {sample.thread, ""});
    for (auto frame = sample.stack.rbegin(); frame != sample.stack.rend(); ++frame) {
      at = child_of(at, profile_.frames[*frame]);
    }
    nodes_[at].self += self;
    return at;
  }
  const std::vector<Node>& nodes() const { return nodes_; }

 private:
  std::size_t child_of(std::size_t parent, const Frame& frame) {
    const std::size_t next = nodes_.size();
    const auto [at, is_new] = nodes_[parent].children.try_emplace({frame.object, frame.function}, next);
    const std::size_t child = at->second;
    if (is_new) nodes_.push_back({frame, 0, {}});
    return child;
  }

  const Profile& profile_;
  std::vector<Node> nodes_;
};

std::int64_t id_of(std::size_t index) { return static_cast<std::int64_t>(index) + 1; }

// Names come from files that need not hold UTF-8.
std::string shown(const std::string& name) {
  if (is_utf8(name)) return name;
  return "(not UTF-8)";
}

void write_call_frame(JsonWriter& json, const Frame& frame) {
  json.key("callFrame").begin_object().member("functionName", shown(frame.function));
  json.member("scriptId", "0").member("url", shown(frame.object));
  json.member("lineNumber", -1).member("columnNumber", -1).end_object();
}

void write_flat_node(JsonWriter& json, const CallTree::Node& node, std::int64_t id) {
  json.begin_object().member("id", id);
  write_call_frame(json, node.frame);
  json.member("hitCount", node.self).key("children").begin_array();
  for (const auto& [name, child] : node.children) json.value(id_of(child));
  json.end_array().end_object();
}

// Recursion is as deep as the deepest stack: SampleBuffer::kMostFrames, or tcmalloc's limit of 254.
void write_nested_node(JsonWriter& json, const CallTree& tree, std::size_t index) {
  const CallTree::Node& node = tree.nodes()[index];
  json.begin_object();
  write_call_frame(json, node.frame);
  json.member("selfSize", node.self).member("id", id_of(index)).key("children").begin_array();
  for (const auto& [name, child] : node.children) write_nested_node(json, tree, child);
  json.end_array().end_object();
}

} // namespace

// A sample stands for the time after it, so its delta is the one before: that is what the sample before took.
std::string to_cpuprofile(const Profile& profile) {
  CallTree tree(profile);
  std::vector<std::size_t> leaves;
  for (const NamedSample& sample : profile.samples) leaves.push_back(tree.add(sample, sample.count));
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("nodes").begin_array();
  for (std::size_t i = 0; i < tree.nodes().size(); ++i) write_flat_node(json, tree.nodes()[i], id_of(i));
  json.end_array().key("samples").begin_array();
  for (const std::size_t leaf : leaves) json.value(id_of(leaf));
  json.end_array().key("timeDeltas").begin_array();
  std::int64_t delta = 0, total = 0;
  for (const NamedSample& sample : profile.samples) {
    json.value(delta);
    delta = sample.value / 1000;
    total += delta;
  }
  const std::int64_t start = unix_micros(profile.started);
  json.end_array().member("startTime", start).member("endTime", start + total).end_object();
  return out;
}

std::string to_heapprofile(const Profile& profile) {
  CallTree tree(profile);
  std::vector<std::size_t> leaves;
  for (const NamedSample& sample : profile.samples) leaves.push_back(tree.add(sample, sample.value));
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("head");
  write_nested_node(json, tree, 0);
  json.key("samples").begin_array();
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    json.begin_object().member("size", profile.samples[i].value).member("nodeId", id_of(leaves[i]));
    json.member("ordinal", static_cast<std::int64_t>(i)).end_object();
  }
  json.end_array().end_object();
  return out;
}

} // namespace authd::profiling
