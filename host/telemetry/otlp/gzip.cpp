// SPDX-License-Identifier: Apache-2.0
#include "telemetry/otlp/gzip.h"

#include <new>

#include <zlib.h>

namespace authd::telemetry::otlp {
namespace {

// JSON of telemetry repeats itself: the fastest level saves nearly as much as the best and costs a third of it.
constexpr int kLevel = Z_BEST_SPEED;
constexpr int kGzipFormat = 16; // zlib.h, deflateInit2: added to windowBits
constexpr int kMemory = 8;      // zlib's default

class Deflate {
 public:
  Deflate() {
    if (::deflateInit2(&stream_, kLevel, Z_DEFLATED, MAX_WBITS + kGzipFormat, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~Deflate() { ::deflateEnd(&stream_); }
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;

  std::string all(std::string_view plain) {
    std::string out(::deflateBound(&stream_, plain.size()), '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data())); // which zlib does not write to
    stream_.avail_in = static_cast<uInt>(plain.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    if (::deflate(&stream_, Z_FINISH) != Z_STREAM_END) throw std::bad_alloc();
    out.resize(stream_.total_out);
    out.shrink_to_fit();
    return out;
  }

 private:
  z_stream stream_{};
};

} // namespace

std::string gzip(std::string_view plain) { return Deflate().all(plain); }

} // namespace authd::telemetry::otlp
