// SPDX-License-Identifier: Apache-2.0
// Read back by the rules of profile.proto; docs/profiling.md opens one with pprof itself.
#include <map>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <zlib.h>

#include "known_profile.h"

namespace authd::profiling {
namespace {

using testing::ElementsAre;

std::string gunzipped(std::string bytes) {
  z_stream stream{};
  if (::inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw std::runtime_error("inflateInit2");
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = ::inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::inflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("no gzip");
  return out;
}

std::uint64_t take_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (in.empty() || shift > 63) throw std::runtime_error("a bad varint");
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return value;
  }
}

// The fields of a message, in their order; strict about the wire types.
struct Fields {
  std::multimap<unsigned, std::uint64_t> numbers;
  std::multimap<unsigned, std::string> texts;

  explicit Fields(std::string_view in) {
    while (!in.empty()) {
      const std::uint64_t key = take_varint(in);
      const auto field = static_cast<unsigned>(key >> 3U);
      const std::uint64_t value = take_varint(in);
      if ((key & 7U) == 0) {
        numbers.emplace(field, value);
      } else if ((key & 7U) == 2 && value <= in.size()) {
        texts.emplace(field, in.substr(0, value));
        in.remove_prefix(value);
      } else {
        throw std::runtime_error("a bad field");
      }
    }
  }
  std::uint64_t number(unsigned field) const { return numbers.count(field) == 1 ? numbers.find(field)->second : 0; }
  std::vector<std::string> all(unsigned field) const {
    std::vector<std::string> found;
    for (auto [at, end] = texts.equal_range(field); at != end; ++at) found.push_back(at->second);
    return found;
  }
};

std::vector<std::uint64_t> packed(std::string_view in) {
  std::vector<std::uint64_t> values;
  while (!in.empty()) values.push_back(take_varint(in));
  return values;
}

// With the references between messages followed.
class Read {
 public:
  explicit Read(const Profile& profile) : fields_(gunzipped(to_pprof(profile))), strings_(fields_.all(6)) {
    for (const std::string& text : fields_.all(5)) {
      const Fields function(text);
      functions_[function.number(1)] = string(function.number(2));
    }
    for (const std::string& text : fields_.all(4)) {
      const Fields location(text);
      locations_[location.number(1)] = functions_.at(Fields(location.all(4).at(0)).number(1));
      EXPECT_LE(location.number(2), fields_.all(3).size()) << "a mapping that is there";
    }
  }
  // "thread: inner < outer" -> values
  std::map<std::string, std::vector<std::uint64_t>> samples() const {
    std::map<std::string, std::vector<std::uint64_t>> found;
    for (const std::string& text : fields_.all(2)) {
      const Fields sample(text);
      std::string key;
      for (const std::string& label : sample.all(3)) key += string(Fields(label).number(2)) + ": ";
      for (const std::uint64_t location : packed(sample.all(1).at(0))) key += locations_.at(location) + " < ";
      EXPECT_TRUE(found.emplace(key, packed(sample.all(2).at(0))).second) << "equal stacks are one sample";
    }
    return found;
  }
  std::vector<std::string> types() const {
    std::vector<std::string> found;
    for (const std::string& text : fields_.all(1)) {
      found.push_back(string(Fields(text).number(1)) + "/" + string(Fields(text).number(2)));
    }
    return found;
  }
  const std::string& string(std::uint64_t index) const { return strings_.at(index); }
  const Fields& fields() const { return fields_; }

 private:
  Fields fields_;
  std::vector<std::string> strings_;
  std::map<std::uint64_t, std::string> functions_;
  std::map<std::uint64_t, std::string> locations_;
};

TEST(Pprof, HoldsTheCpuTimeOfEachStackOfEachThread) {
  const Read read(known_cpu_profile());
  EXPECT_THAT(read.types(), ElementsAre("samples/count", "cpu/nanoseconds"));
  EXPECT_THAT(read.samples(),
              ElementsAre(testing::Pair("one: serve < main < ", ElementsAre(1, 5'000'000)),
                          testing::Pair("one: sign(\"it\") < serve < main < ", ElementsAre(3, 15'000'000)),
                          testing::Pair("two: sign(\"it\") < main < ", ElementsAre(1, 5'000'000))));
  EXPECT_EQ(read.fields().number(9), 1'700'000'000'000'000'000u) << "time_nanos";
  EXPECT_EQ(read.fields().number(10), 2'000'000'000u) << "duration_nanos";
  EXPECT_EQ(read.fields().number(12), 5'000'000u) << "period";
  EXPECT_EQ(read.string(Fields(read.fields().all(3).at(0)).number(5)), "authd") << "the first mapping is the program's";
  EXPECT_EQ(read.string(0), "") << "the format wants it";
  EXPECT_EQ(read.string(read.fields().number(14)), "cpu");
}

TEST(Pprof, HoldsTheBytesOfEachStack) {
  const Read read(known_heap_profile());
  EXPECT_THAT(read.types(), ElementsAre("inuse_objects/count", "inuse_space/bytes"));
  EXPECT_THAT(read.samples(), ElementsAre(testing::Pair("serve < main < ", ElementsAre(1, 64)),
                                          testing::Pair("sign(\"it\") < serve < main < ", ElementsAre(3, 3000))));
}

} // namespace
} // namespace authd::profiling
