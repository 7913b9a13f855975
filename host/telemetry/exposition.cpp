// SPDX-License-Identifier: Apache-2.0
#include "telemetry/exposition.h"

#include <iterator>

#include <fmt/format.h>

namespace authd::telemetry {
namespace {

constexpr std::string_view kTotal = "_total";

// Of the family: OpenMetrics' counters are named without their suffix.
std::string_view stem_of(const Instrument& instrument) {
  const std::string_view name = instrument.name;
  const bool ends_so = instrument.kind == InstrumentKind::counter && name.size() > kTotal.size() &&
                       name.substr(name.size() - kTotal.size()) == kTotal;
  return ends_so ? name.substr(0, name.size() - kTotal.size()) : name;
}

std::string_view type_of(InstrumentKind kind) {
  switch (kind) {
  case InstrumentKind::counter:
    return "counter";
  case InstrumentKind::gauge:
    return "gauge";
  case InstrumentKind::histogram:
    break;
  }
  return "histogram";
}

class Writer {
 public:
  explicit Writer(TextFormat format) : format_(format) {}

  void write(const Family& family) {
    if (family.points.empty()) return;
    const Instrument& instrument = *family.instrument;
    const bool counts = instrument.kind == InstrumentKind::counter;
    const std::string_view stem = stem_of(instrument);
    const std::string sample = fmt::format("{}{}", stem, counts ? kTotal : "");
    const std::string_view name = format_ == TextFormat::open_metrics ? stem : std::string_view(sample);
    fmt::format_to(out(), "# HELP {} {}\n# TYPE {} {}\n", name, instrument.help, name, type_of(instrument.kind));
    for (const Point& point : family.points) {
      if (instrument.kind == InstrumentKind::histogram) {
        write_histogram(stem, instrument, point);
      } else {
        write_sample(sample, labels_of(instrument, point), point.value);
      }
    }
  }

  std::string finish() {
    if (format_ == TextFormat::open_metrics) text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  std::back_insert_iterator<std::string> out() { return std::back_inserter(text_); }

  // Without braces. No value needs an escape: none is a client's; those of tiers are checked here all the same.
  static std::string labels_of(const Instrument& instrument, const Point& point) {
    std::string labels;
    for (std::size_t i = 0; i < point.labels.size(); ++i) {
      fmt::format_to(std::back_inserter(labels), "{}{}=\"", i == 0 ? "" : ",", instrument.labels[i]);
      for (const char c : point.labels[i]) {
        if (c == '\\' || c == '"') labels += '\\';
        if (c == '\n') {
          labels += "\\n";
        } else {
          labels += c;
        }
      }
      labels += '"';
    }
    return labels;
  }

  void write_sample(std::string_view name, std::string_view labels, double value) {
    text_ += name;
    if (!labels.empty()) fmt::format_to(out(), "{{{}}}", labels);
    fmt::format_to(out(), " {}\n", number(value));
  }

  void write_histogram(std::string_view name, const Instrument& instrument, const Point& point) {
    const std::string labels = labels_of(instrument, point);
    const std::string_view comma = labels.empty() ? "" : ",";
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      so_far += point.buckets[i];
      // 1.0 in both formats: OpenMetrics wants it so, and the series must not depend on the format.
      const std::string bound = i < kBounds.size() ? bound_text(kBounds[i]) : "+Inf";
      fmt::format_to(out(), "{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma, bound, so_far);
    }
    write_sample(fmt::format("{}_sum", name), labels, point.sum);
    write_sample(fmt::format("{}_count", name), labels, static_cast<double>(so_far));
  }

  static std::string bound_text(double bound) {
    std::string text = fmt::format("{}", bound);
    if (text.find('.') == std::string::npos) text += ".0";
    return text;
  }

  static std::string number(double value) { return fmt::format("{}", value); }

  const TextFormat format_;
  std::string text_;
};

} // namespace

std::string_view content_type(TextFormat format) {
  return format == TextFormat::open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                            : "text/plain; version=0.0.4; charset=utf-8";
}

std::string exposition(const Snapshot& snapshot, TextFormat format) {
  Writer writer(format);
  for (const Family& family : snapshot.families) writer.write(family);
  return writer.finish();
}

} // namespace authd::telemetry
