// SPDX-License-Identifier: Apache-2.0
#include "modules/store_transfer.h"

#include <functional>
#include <istream>
#include <limits>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <fmt/format.h>

#include "authd/store.h"
#include "base/base64url.h"
#include "base/json_writer.h"
#include "modules/key_probe.h"
#include "modules/record_seal.h"

namespace authd::modules {
namespace {

using plugin::Change;
using plugin::IndexValue;
using plugin::Record;
using Poco::JSON::Object;
using Count = Result<std::uint64_t, CallFailure>;

constexpr std::string_view kHeader = R"({"authd.store":1})";
constexpr milliseconds kPatience{60'000}; // for one page or batch
constexpr std::size_t kPage = 200;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

Failure<CallFailure> failed(CallStatus status, std::string why) {
  return Failure<CallFailure>(CallFailure{status, 0, milliseconds(0), std::move(why)});
}

std::string in_base64url(std::string_view bytes) {
  std::string text;
  append_base64url(text, bytes);
  return text;
}

// One for each type, made when it is first met: a derivation takes longer than a seal.
class Seals {
 public:
  explicit Seals(const MasterKeys& keys) : keys_(keys) {}
  const RecordSeal& of(const std::string& type) { return seals_.try_emplace(type, keys_, type).first->second; }

 private:
  const MasterKeys& keys_;
  std::map<std::string, RecordSeal> seals_;
};

// Records that modules sealed, and the probe, which is sealed in the same way.
bool may_be_sealed(const Record& record) { return !RecordSeal::is_hosts_own(record.type) || record.type == kProbeType; }

// Every living record, a page at a time.
Count for_each_record(const plugin::Store& store, const std::function<Result<void, CallFailure>(Record&)>& take) {
  std::string type, id;
  for (std::uint64_t n = 0;;) {
    Call call(steady_now() + kPatience);
    auto page = store.scan(call, type, id, kPage);
    if (!page) return Failure<CallFailure>(std::move(page.error()));
    if (page->empty()) return n;
    type = page->back().type;
    id = page->back().id;
    for (Record& record : *page) {
      if (auto taken = take(record); !taken) return Failure<CallFailure>(std::move(taken.error()));
      ++n;
    }
  }
}

std::string line_of(const Record& record, bool was_sealed) {
  std::string line = "{\"type\":";
  append_json_string(line, record.type);
  line += fmt::format(R"(,"id":"{}","version":{})", in_base64url(record.id), record.version);
  if (record.expires_at_ms != kNever) line += fmt::format(R"(,"expires_at_ms":{})", record.expires_at_ms);
  if (was_sealed) line += R"(,"seal":true)";
  if (!record.index.empty()) line += ",\"index\":[";
  for (std::size_t i = 0; i < record.index.size(); ++i) {
    line += i == 0 ? "{\"name\":" : ",{\"name\":";
    append_json_string(line, record.index[i].name);
    line += fmt::format(R"(,"value":"{}","unique":{}}})", in_base64url(record.index[i].value), record.index[i].unique);
  }
  if (!record.index.empty()) line += "]";
  return line + fmt::format(R"(,"body":"{}"}})", in_base64url(record.body));
}

std::string bytes_of(const Object& object, const char* member) {
  std::string bytes;
  if (!decode_base64url(object.getValue<std::string>(member), bytes))
    throw Poco::DataFormatException(fmt::format("\"{}\" is not base64url", member));
  return bytes;
}

// Throws Poco::Exception.
Change change_of(const std::string& line, Seals& seals) {
  const auto object = Poco::JSON::Parser().parse(line).extract<Object::Ptr>();
  Record record{object->getValue<std::string>("type"), bytes_of(*object, "id"), bytes_of(*object, "body"),
                object->getValue<std::uint64_t>("version"), object->optValue<std::int64_t>("expires_at_ms", kNever)};
  const auto index = object->getArray("index");
  for (unsigned i = 0; !index.isNull() && i < index->size(); ++i) {
    const auto value = index->getObject(i);
    record.index.push_back(
        {value->getValue<std::string>("name"), bytes_of(*value, "value"), value->getValue<bool>("unique")});
  }
  if (record.type.empty() || record.type.size() > AUTHD_RECORD_MAX_TYPE || record.id.empty() ||
      record.id.size() > AUTHD_RECORD_MAX_ID || record.version == 0 || record.index.size() > AUTHD_RECORD_MAX_INDEX)
    throw Poco::DataFormatException("is no record");
  if (object->optValue("seal", false)) record.body = seals.of(record.type).sealed(record.id, record.body);
  if (record.body.size() > AUTHD_STORED_MAX_BODY) throw Poco::DataFormatException("its body is too long");
  return {Change::Op::put, std::move(record), true};
}

// The probe of its own it may have.
Result<void, CallFailure> expect_empty(const plugin::Store& store) {
  Call call(steady_now() + kPatience);
  const auto first = store.scan(call, "", "", 2);
  if (!first) return Failure<CallFailure>(first.error());
  for (const Record& record : *first)
    if (record.type != kProbeType)
      return failed(CallStatus::conflict, "the store has records already: import into an empty one");
  return {};
}

Result<void, CallFailure> apply(const plugin::Store& store, std::vector<Change>& changes) {
  if (changes.empty()) return {};
  Call call(steady_now() + kPatience);
  std::size_t at = 0;
  auto applied = store.apply(call, changes, &at);
  if (applied) return changes.clear(), Result<void, CallFailure>();
  if (applied.error().status == CallStatus::conflict)
    return failed(CallStatus::conflict, fmt::format("a unique index value of a record of {} is taken by another",
                                                    changes[std::min(at, changes.size() - 1)].record.type));
  return Failure<CallFailure>(std::move(applied.error()));
}

} // namespace

// The probe is each store's own.
Count export_records(const plugin::Store& store, const MasterKeys* keys, std::ostream& to) {
  std::optional<Seals> seals;
  if (keys != nullptr) seals.emplace(*keys);
  to << kHeader << '\n';
  std::uint64_t exported = 0;
  auto done = for_each_record(store, [&](Record& record) -> Result<void, CallFailure> {
    if (record.type == kProbeType) return {};
    const bool opens = seals && may_be_sealed(record) && RecordSeal::is_sealed(record.body);
    if (opens) {
      auto body = seals->of(record.type).open(record.id, record.body);
      if (!body)
        return failed(CallStatus::corrupt, fmt::format("no master key opens a record of {}: put the key that sealed it "
                                                       "back into secrets.master_keys, or export without --open",
                                                       record.type));
      record.body = std::move(*body);
    }
    to << line_of(record, opens) << '\n';
    ++exported;
    if (!to.good()) return failed(CallStatus::unavailable, "cannot be written to the end: is the disk full?");
    return {};
  });
  if (!done) return done;
  return exported;
}

Count import_records(const plugin::Store& store, const MasterKeys& keys, std::istream& from) {
  std::string line;
  if (!std::getline(from, line) || line != kHeader)
    return failed(CallStatus::invalid, "line 1: is not the beginning of what `authd store export` writes");
  if (auto empty = expect_empty(store); !empty) return Failure<CallFailure>(std::move(empty.error()));
  Seals seals(keys);
  std::vector<Change> changes;
  std::uint64_t n = 0;
  for (std::uint64_t at = 2; std::getline(from, line); ++at, ++n) {
    try {
      changes.push_back(change_of(line, seals));
    } catch (const Poco::Exception& e) {
      return failed(CallStatus::invalid, fmt::format("line {}: {}", at, e.message()));
    }
    if (changes.size() < AUTHD_RECORD_MAX_CHANGES) continue;
    if (auto ok = apply(store, changes); !ok) return Failure<CallFailure>(std::move(ok.error()));
  }
  if (auto ok = apply(store, changes); !ok) return Failure<CallFailure>(std::move(ok.error()));
  return n;
}

// A record that changes meanwhile was sealed by the first key just then, or it is met by whoever runs this again.
Count reseal_records(const plugin::Store& store, const MasterKeys& keys) {
  if (keys.empty()) return failed(CallStatus::invalid, "there are no master keys: set secrets.master_keys");
  const MasterKeys first(keys.first());
  Seals all(keys), newest(first);
  std::uint64_t resealed = 0;
  auto done = for_each_record(store, [&](Record& record) -> Result<void, CallFailure> {
    if (!may_be_sealed(record) || !RecordSeal::is_sealed(record.body)) return {};
    if (newest.of(record.type).open(record.id, record.body)) return {};
    const auto body = all.of(record.type).open(record.id, record.body);
    if (!body)
      return failed(CallStatus::corrupt, fmt::format("no master key opens a record of {}: put the key that sealed it "
                                                     "back into secrets.master_keys",
                                                     record.type));
    record.body = newest.of(record.type).sealed(record.id, *body);
    Call call(steady_now() + kPatience);
    const Change change{Change::Op::update, record, true};
    const auto applied = store.apply(call, {&change, 1});
    if (applied) return ++resealed, Result<void, CallFailure>();
    const CallStatus status = applied.error().status;
    if (status == CallStatus::conflict || status == CallStatus::not_found) return {};
    return Failure<CallFailure>(applied.error());
  });
  if (!done) return done;
  return resealed;
}

} // namespace authd::modules
