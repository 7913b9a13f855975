// SPDX-License-Identifier: Apache-2.0
#include "cli/status_view.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <Poco/Exception.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <fmt/format.h>

#include "base/json_writer.h"

namespace authd::cli {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::size_t kStepsShown = 3; // of each breaker
constexpr std::size_t kErrorsShown = 5;

enum class Colour { none, heading, good, warn, bad };

std::string_view escape_of(Colour colour) {
  constexpr std::array<std::string_view, 5> kEscapes{"", "\x1b[1m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};
  return kEscapes[static_cast<std::size_t>(colour)];
}

// In green, yellow or red, whatever it is the state of.
Colour colour_of(std::string_view state) {
  if (state == "closed" || state == "healthy" || state == "running") return Colour::good;
  return state == "half-open" || state == "degraded" ? Colour::warn : Colour::bad;
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::size_t width_of(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues_character));
}

std::string cut(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (std::size_t used = 0; at < text.size(); ++at) {
    if (!continues_character(text[at]) && used++ == columns) break;
  }
  return std::string(text.substr(0, at));
}

// What a terminal would obey is escaped.
std::string inert(const std::string& text) {
  std::string quoted;
  append_json_string_inert(quoted, text);
  return quoted.substr(1, quoted.size() - 2);
}

// 1234567 -> "1,234,567"
std::string whole(std::int64_t n) {
  if (n >= 1'000'000'000) return fmt::format("{:.2f} G", static_cast<double>(n) / 1e9);
  std::string digits = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string bytes(std::int64_t n) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(n);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", n) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string span_of(std::int64_t seconds) {
  if (seconds >= 86'400) return fmt::format("{} d {} h", seconds / 86'400, seconds / 3600 % 24);
  if (seconds >= 3600) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
  return seconds >= 60 ? fmt::format("{} min {} s", seconds / 60, seconds % 60) : fmt::format("{} s", seconds);
}

// "2026-11-26T20:01:03.123Z" -> "2026-11-26 20:01:03"
std::string moment(const std::string& iso) {
  std::string text = inert(iso).substr(0, 19);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

std::string text_of(const Object& object, const char* name) { return inert(object.getValue<std::string>(name)); }

std::string known(const Object& object, const char* name, std::string (*shown)(std::int64_t)) {
  return object.isNull(name) ? "-" : shown(object.getValue<std::int64_t>(name));
}

// Puts lines together out of cells; counts what can be seen, not bytes.
class Page {
 public:
  explicit Page(const ViewOptions& options) : options_(options) {}

  Page& left(std::string_view text, std::size_t width, Colour colour = Colour::none) {
    put(text, colour);
    return pad(width, text);
  }
  Page& right(std::string_view text, std::size_t width, Colour colour = Colour::none) {
    pad(width, text);
    return put(text, colour);
  }
  Page& put(std::string_view text, Colour colour = Colour::none) {
    const std::string fits = cut(text, options_.columns - std::min(options_.columns, used_));
    used_ += width_of(fits);
    const bool coloured = options_.colour && colour != Colour::none && !fits.empty();
    line_ += coloured ? std::string(escape_of(colour)) + fits + "\x1b[0m" : fits;
    return *this;
  }
  void end() {
    line_.erase(line_.find_last_not_of(' ') + 1);
    if (options_.rows == 0 || lines_ < options_.rows) text_ += line_ + '\n';
    ++lines_;
    line_.clear();
    used_ = 0;
  }
  std::string take() { return std::move(text_); }

 private:
  Page& pad(std::size_t width, std::string_view text) {
    const std::size_t has = width_of(text);
    return has < width ? put(std::string(width - has, ' ')) : *this;
  }

  const ViewOptions options_;
  std::string text_;
  std::string line_;
  std::size_t used_ = 0; // columns of line_
  std::size_t lines_ = 0;
};

class View {
 public:
  View(const Object& status, const ViewOptions& options) : status_(status), page_(options) {}

  std::string draw() {
    header();
    traffic();
    reactors();
    tiers();
    breakers();
    lane();
    plugins();
    errors();
    return page_.take();
  }

 private:
  template <class Row>
  void each(const char* name, Row row) {
    const Array::Ptr all = array(status_, name);
    for (unsigned i = 0; i < all->size(); ++i) row(*all->getObject(i), i);
  }

  static Array::Ptr array(const Object& of, const char* name) {
    const Array::Ptr all = of.getArray(name);
    if (all.isNull()) throw std::runtime_error(std::string("there is no ") + name);
    return all;
  }
  static Object::Ptr object(const Object& of, const char* name) {
    const Object::Ptr one = of.getObject(name);
    if (one.isNull()) throw std::runtime_error(std::string("there is no ") + name);
    return one;
  }

  void header() {
    page_.put("authd " + text_of(status_, "version"), Colour::heading).put("  " + text_of(status_, "environment"));
    page_.put("  up " + span_of(status_.getValue<std::int64_t>("uptime"))).end();
    page_.end();
  }

  void traffic() {
    const Object::Ptr rate = object(status_, "rate");
    const auto per_second = [&](const char* name) { return fmt::format("{:.1f}/s", rate->getValue<double>(name)); };
    page_.left("requests", 10).left(per_second("requests"), 16).left("tokens", 8).left(per_second("tokens"), 16);
    const bool failing = rate->getValue<double>("errors") > 0;
    page_.left("errors", 8).put(per_second("errors"), failing ? Colour::warn : Colour::none).end();
    const Object::Ptr latency = object(status_, "latency");
    const auto ms = [&](const char* name) { return fmt::format("{:.2f} ms", latency->getValue<double>(name)); };
    page_.left("latency", 10).left("p50 " + ms("p50"), 24).left("p95 " + ms("p95"), 24).put("p99 " + ms("p99")).end();
    page_.end();
  }

  void reactors() {
    page_.left("REACTOR", 10, Colour::heading).right("CONNECTIONS", 14, Colour::heading);
    page_.right("REQUESTS", 16, Colour::heading).right("LOOP DELAY", 16, Colour::heading).end();
    each("reactors", [&](const Object& reactor, unsigned number) {
      page_.left(std::to_string(number), 10).right(known(reactor, "connections", whole), 14);
      page_.right(known(reactor, "requests", whole), 16);
      page_.right(fmt::format("{:.2f} ms", reactor.getValue<double>("loopDelay")), 16).end();
    });
    page_.end();
  }

  void tiers() {
    page_.left("TIER", 18, Colour::heading).left("STATE", 10, Colour::heading).right("HIT RATIO", 10, Colour::heading);
    page_.right("HITS", 12, Colour::heading).right("MISSES", 11, Colour::heading);
    page_.right("COPIES", 10, Colour::heading).right("MEMORY", 9, Colour::heading).end();
    each("tiers", [&](const Object& tier, unsigned) {
      const std::string state = text_of(tier, "state");
      page_.left(cut(text_of(tier, "name"), 17), 18).left(cut(state, 9), 10, colour_of(state));
      page_.right(fmt::format("{:.1f} %", tier.getValue<double>("hitRate") * 100), 10);
      page_.right(known(tier, "hits", whole), 12).right(known(tier, "misses", whole), 11);
      page_.right(known(tier, "entries", whole), 10).right(" " + known(tier, "bytes", bytes), 9).end();
    });
    page_.end();
  }

  void breakers() {
    page_.left("BREAKER", 18, Colour::heading)
        .left("STATE", 10, Colour::heading)
        .put("SINCE (UTC)", Colour::heading)
        .end();
    each("breakers", [&](const Object& breaker, unsigned) {
      const std::string state = text_of(breaker, "state");
      page_.left(cut(text_of(breaker, "name"), 17), 18).left(state, 10, colour_of(state));
      page_.put(moment(breaker.getValue<std::string>("since"))).end();
      steps(breaker);
    });
    page_.end();
  }

  void steps(const Object& breaker) {
    const Array::Ptr history = array(breaker, "history");
    const auto size = static_cast<unsigned>(history->size());
    for (unsigned i = size - std::min<unsigned>(size, kStepsShown); i < size; ++i) {
      const Object& step = *history->getObject(i);
      page_.left("", 28).put(moment(step.getValue<std::string>("at")));
      page_.put("  " + text_of(step, "from") + " -> " + text_of(step, "to")).end();
    }
  }

  void lane() {
    const Object::Ptr lane = object(status_, "lane");
    page_.left("LANE", 18, Colour::heading).put(known(*lane, "workers", whole) + " workers, ");
    page_.put(known(*lane, "depth", whole) + " waiting, " + known(*lane, "rejected", whole) + " rejected").end();
    page_.end();
  }

  void plugins() {
    page_.left("PLUGIN", 18, Colour::heading).left("STATE", 10, Colour::heading).left("VERSION", 12, Colour::heading);
    page_.put("KIND", Colour::heading).end();
    each("plugins", [&](const Object& plugin, unsigned) {
      const std::string state = text_of(plugin, "state");
      page_.left(cut(text_of(plugin, "name"), 17), 18).left(cut(state, 9), 10, colour_of(state));
      page_.left(cut(text_of(plugin, "version"), 11), 12).put(text_of(plugin, "kind")).end();
    });
    page_.end();
  }

  void errors() {
    page_.left("ERROR", 10, Colour::heading).right("TIMES", 9, Colour::heading);
    page_.put("  LAST (UTC)           MESSAGE", Colour::heading).end();
    each("errors", [&](const Object& error, unsigned number) {
      if (number >= kErrorsShown) return;
      page_.left(text_of(error, "code"), 10, Colour::bad).right(known(error, "count", whole), 9);
      page_.put("  " + moment(error.getValue<std::string>("at")) + "  " + text_of(error, "message")).end();
    });
    if (array(status_, "errors")->empty()) page_.put("none").end();
  }

  const Object& status_;
  Page page_;
};

} // namespace

std::string draw_status(const std::string& json, const ViewOptions& options) {
  try {
    const auto status = Poco::JSON::Parser().parse(json).extract<Object::Ptr>();
    return View(*status, options).draw();
  } catch (const Poco::Exception& error) {
    throw std::runtime_error("what answers there is no authd of this version: " + error.displayText());
  }
}

} // namespace authd::cli
