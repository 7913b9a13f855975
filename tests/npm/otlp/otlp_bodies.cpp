// SPDX-License-Identifier: Apache-2.0
// otlp-bodies FOLDER: writes traces.json, metrics.json and logs.json as the exporter would send them, but for gzip.
#include <fstream>
#include <string>
#include <vector>

#include "samples.h"
#include "telemetry/otlp/encoding.h"

int main(int argc, char** argv) {
  using namespace authd::telemetry;
  if (argc != 2) return 64;
  const std::string folder = std::string(argv[1]) + "/";
  const otlp::Resource resource{"authd-test", "1.2.3", "test", "host-1", 4711};
  const std::vector<LogRecord> records{sample_record()};
  const std::vector<Span> spans = sample_spans(2);
  std::ofstream(folder + "traces.json") << otlp::encode(resource, std::span<const Span>(spans));
  std::ofstream(folder + "metrics.json") << otlp::encode(resource, sample_snapshot());
  std::ofstream(folder + "logs.json") << otlp::encode(resource, std::span<const LogRecord>(records));
}
