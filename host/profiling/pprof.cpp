// SPDX-License-Identifier: Apache-2.0
// profile.proto (https://github.com/google/pprof/blob/main/proto/profile.proto) needs two wire types of protobuf.
// libprotobuf would be mapped by every authd at its start for these few lines.
#include <chrono>
#include <map>
#include <new>
#include <utility>

#include <zlib.h>

#include "profiling/profile.h"

namespace authd::profiling {
namespace {

// A message (https://protobuf.dev/programming-guides/encoding/).
class Message {
 public:
  Message& number(unsigned field, std::uint64_t value) {
    varint(field << 3U);
    varint(value);
    return *this;
  }
  Message& number(unsigned field, std::int64_t value) { return number(field, static_cast<std::uint64_t>(value)); }
  Message& bytes(unsigned field, const std::string& value) {
    varint(field << 3U | 2U);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(unsigned field, const Message& value) { return bytes(field, value.bytes_); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) bytes_ += static_cast<char>(value | 0x80U);
    bytes_ += static_cast<char>(value);
  }
  const std::string& text() const { return bytes_; }

 private:
  std::string bytes_;
};

class Strings {
 public:
  Strings() { index_of(""); } // entry 0 must be empty
  std::uint64_t index_of(const std::string& text) {
    const auto [at, is_new] = indexes_.try_emplace(text, all_.size());
    if (is_new) all_.push_back(text);
    return at->second;
  }
  void append_to(Message& profile) const {
    for (const std::string& text : all_) profile.bytes(6, text);
  }

 private:
  std::map<std::string, std::uint64_t> indexes_;
  std::vector<std::string> all_;
};

struct Units {
  const char* count;
  const char* value;
  const char* unit;
};
Units units_of(Type type) {
  return type == Type::cpu ? Units{"samples", "cpu", "nanoseconds"} : Units{"inuse_objects", "inuse_space", "bytes"};
}

class Encoder {
 public:
  explicit Encoder(const Profile& profile) : profile_(profile) {}

  std::string encode() {
    const Units units = units_of(profile_.type);
    const bool is_cpu = profile_.type == Type::cpu;
    message_.message(1, value_type(units.count, "count")).message(1, value_type(units.value, units.unit));
    add_samples();
    add_mappings();
    add_functions();
    message_.number(9, nanos(profile_.started.time_since_epoch()));
    message_.number(10, nanos(profile_.stopped - profile_.started));
    message_.message(11, value_type(is_cpu ? "cpu" : "space", units.unit)).number(12, profile_.period);
    message_.number(14, strings_.index_of(units.value));
    strings_.append_to(message_);
    return message_.text();
  }

 private:
  template <class Duration>
  static std::int64_t nanos(Duration d) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(d).count();
  }

  Message value_type(const char* type, const char* unit) {
    return Message().number(1, strings_.index_of(type)).number(2, strings_.index_of(unit));
  }

  // Equal stacks of a thread become one sample.
  void add_samples() {
    std::map<std::pair<std::string, std::vector<std::uint32_t>>, std::pair<std::int64_t, std::int64_t>> sums;
    for (const NamedSample& sample : profile_.samples) {
      auto& [count, value] = sums[{sample.thread, sample.stack}];
      count += sample.count;
      value += sample.value;
    }
    for (const auto& [key, sum] : sums) message_.message(2, sample_of(key.first, key.second, sum));
  }

  Message sample_of(const std::string& thread, const std::vector<std::uint32_t>& stack,
                    const std::pair<std::int64_t, std::int64_t>& sum) {
    Message locations, values, sample;
    for (const std::uint32_t frame : stack) locations.varint(frame + 1U);
    values.varint(static_cast<std::uint64_t>(sum.first));
    values.varint(static_cast<std::uint64_t>(sum.second));
    sample.message(1, locations).message(2, values);
    if (!thread.empty()) {
      sample.message(3, Message().number(1, strings_.index_of("thread")).number(2, strings_.index_of(thread)));
    }
    return sample;
  }

  // The program's own comes first: pprof takes that for what was profiled.
  void add_mappings() {
    mappings_.try_emplace(profile_.program, 1);
    for (const Frame& frame : profile_.frames) mappings_.try_emplace(frame.object, mappings_.size() + 1);
    std::vector<std::string> in_order(mappings_.size());
    for (const auto& [object, id] : mappings_) in_order[id - 1] = object;
    for (std::size_t i = 0; i < in_order.size(); ++i) {
      // 7: has_functions, so that pprof does not look for the file itself.
      message_.message(3, Message().number(1, i + 1).number(5, strings_.index_of(in_order[i])).number(7, kTrue));
    }
  }

  // A location for each function: addresses were resolved already.
  void add_functions() {
    std::uint64_t id = 0;
    for (const Frame& frame : profile_.frames) {
      const std::uint64_t function = strings_.index_of(frame.function);
      ++id;
      message_.message(4,
                       Message().number(1, id).number(2, mappings_[frame.object]).message(4, Message().number(1, id)));
      message_.message(
          5,
          Message().number(1, id).number(2, function).number(3, function).number(4, strings_.index_of(frame.object)));
    }
  }

  static constexpr std::uint64_t kTrue = 1;
  const Profile& profile_;
  Message message_;
  Strings strings_;
  std::map<std::string, std::uint64_t> mappings_; // ids, by object
};

std::string gzipped(const std::string& text) {
  constexpr int kGzip = 16 + MAX_WBITS; // zlib.h, deflateInit2
  z_stream stream{};
  if (::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string out(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

} // namespace

std::string to_pprof(const Profile& profile) { return gzipped(Encoder(profile).encode()); }

} // namespace authd::profiling
