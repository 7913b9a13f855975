// SPDX-License-Identifier: Apache-2.0
#include "plugin/note_reader.h"

#include <algorithm>
#include <cstring>
#include <sstream>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>
#include <fmt/format.h>

#include "base/json_writer.h"

namespace authd::plugin {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::size_t kVersionBytes = 2 * sizeof(std::uint32_t);
constexpr std::size_t kMaxNote = 1 << 20;
constexpr std::size_t kMaxWord = 128;
constexpr std::size_t kMaxComponents = 64;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxRoutes = 256;
constexpr std::size_t kMaxDeclared = 64;
constexpr std::size_t kMaxIndexes = 4;
constexpr milliseconds kMostStale{60'000};

using Fault = authd::Failure<std::string>;

Object::Ptr parse_object(std::string_view text) {
  if (!is_utf8(text)) throw Poco::DataFormatException("not UTF-8");
  Poco::JSON::Parser parser(new Poco::JSON::ParseHandler(true)); // true: keep the members' order
  parser.setDepth(kMaxDepth);
  return parser.parse(std::string(text)).extract<Object::Ptr>();
}

std::string written(const Object& object) {
  std::ostringstream out;
  object.stringify(out);
  return out.str();
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kMaxWord &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string word(const Object& object, const char* member) {
  const auto text = object.getValue<std::string>(member);
  if (!is_word(text)) throw Poco::DataFormatException(fmt::format("\"{}\" is not a word", member));
  return text;
}

// For people: what is not visible ASCII is left out, so that a note cannot steer a terminal.
std::string phrase(const Object& object, const char* member) {
  std::string text = object.optValue<std::string>(member, "").substr(0, kMaxWord);
  std::erase_if(text, [](char c) { return c < ' ' || c > '~'; });
  return text;
}

std::string word_if_said(const Object& object, const char* member) {
  return object.has(member) ? word(object, member) : std::string();
}

std::string variable_if_said(const Object& object, const char* member) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  const std::string name = word_if_said(object, member);
  if (name.find_first_not_of(kAllowed) != std::string::npos || (!name.empty() && name.front() <= '9'))
    throw Poco::DataFormatException(fmt::format("\"{}\" is not the name of a variable", member));
  return name;
}

std::optional<bool> flag_if_said(const Object& object, const char* member) {
  if (!object.has(member)) return std::nullopt;
  const Poco::Dynamic::Var value = object.get(member);
  if (!value.isBoolean()) throw Poco::DataFormatException(fmt::format("\"{}\" is not true or false", member));
  return value.extract<bool>();
}

// An array member of at most `most` entries; empty when it is not said.
Array::Ptr list_if_said(const Object& object, const char* member, std::size_t most) {
  if (!object.has(member)) return new Array;
  const Array::Ptr list = object.getArray(member);
  if (list.isNull() || list->size() > most)
    throw Poco::DataFormatException(fmt::format("\"{}\" is not an array of at most {}", member, most));
  return list;
}

std::vector<std::string> words_if_said(const Object& object, const char* member) {
  std::vector<std::string> words;
  const Array::Ptr list = list_if_said(object, member, kMaxDeclared);
  for (unsigned i = 0; i < list->size(); ++i) {
    const Poco::Dynamic::Var entry = list->get(i);
    if (!entry.isString() || !is_word(entry.convert<std::string>()))
      throw Poco::DataFormatException(fmt::format("an entry of \"{}\" is not a word", member));
    words.push_back(entry.convert<std::string>());
  }
  return words;
}

Object::Ptr entry_of(const Array& list, unsigned i, const char* member) {
  const Object::Ptr entry = list.getObject(i);
  if (entry.isNull()) throw Poco::DataFormatException(fmt::format("an entry of \"{}\" is not an object", member));
  return entry;
}

DeclaredRoute read_route(const Object& object) {
  const auto operation = object.getObject("operation");
  if (operation.isNull()) throw Poco::DataFormatException("a route has no \"operation\" object");
  return {word(object, "method"), word(object, "path"), object.optValue<std::uint32_t>("flags", 0),
          written(*operation)};
}

DeclaredRecord read_record(const Object& object) {
  DeclaredRecord record{word(object, "name"),
                        {},
                        flag_if_said(object, "sealed").value_or(false),
                        milliseconds(object.optValue<std::int64_t>("max_stale", 0))};
  if (record.max_stale < milliseconds(0) || record.max_stale > kMostStale)
    throw Poco::DataFormatException("\"max_stale\" is not 0 to 60000");
  const Array::Ptr indexes = list_if_said(object, "indexes", kMaxIndexes);
  for (unsigned i = 0; i < indexes->size(); ++i) {
    const Object::Ptr index = entry_of(*indexes, i, "indexes");
    record.indexes.push_back({word(*index, "name"), flag_if_said(*index, "unique").value_or(false)});
  }
  return record;
}

std::shared_ptr<const Declared> declared_if_any(const Object& object) {
  Declared all;
  const Array::Ptr routes = list_if_said(object, "routes", kMaxRoutes);
  for (unsigned i = 0; i < routes->size(); ++i) all.routes.push_back(read_route(*entry_of(*routes, i, "routes")));
  const Array::Ptr records = list_if_said(object, "records", kMaxDeclared);
  for (unsigned i = 0; i < records->size(); ++i) all.records.push_back(read_record(*entry_of(*records, i, "records")));
  all.needs = words_if_said(object, "needs");
  all.issues = words_if_said(object, "issues");
  all.emits = words_if_said(object, "emits");
  all.listens = words_if_said(object, "listens");
  if (all == Declared()) return nullptr;
  return std::make_shared<const Declared>(std::move(all));
}

NoteComponent read_component(const Object& object) {
  const auto schema = object.getObject("config_schema");
  if (schema.isNull()) throw Poco::DataFormatException("a component has no \"config_schema\" object");
  return {word(object, "kind"),
          word(object, "name"),
          written(*schema),
          word_if_said(object, "mode"),
          variable_if_said(object, "adds"),
          flag_if_said(object, "remote"),
          declared_if_any(object)};
}

std::vector<NoteComponent> read_components(const Object& object) {
  const Array::Ptr array = object.getArray("components");
  if (array.isNull() || array->size() == 0 || array->size() > kMaxComponents)
    throw Poco::DataFormatException(fmt::format("\"components\" is not an array of 1 to {}", kMaxComponents));
  std::vector<NoteComponent> all;
  for (unsigned i = 0; i < array->size(); ++i) {
    const Object::Ptr entry = array->getObject(i);
    if (entry.isNull()) throw Poco::DataFormatException("a component is not an object");
    NoteComponent next = read_component(*entry);
    for (const auto& other : all)
      if (other.kind == next.kind && other.name == next.name)
        throw Poco::DataFormatException("two components have the same kind and name");
    all.push_back(std::move(next));
  }
  return all;
}

void read_text(std::string_view text, Note& note) {
  const Object::Ptr object = parse_object(text);
  note.id = word(*object, "id");
  note.version = word(*object, "version");
  note.sdk = phrase(*object, "sdk");
  note.toolchain = phrase(*object, "toolchain");
  note.components = read_components(*object);
}

// Poco quotes the byte that it did not expect, whatever it would do to a terminal.
Fault fault(std::string why) {
  std::replace_if(
      why.begin(), why.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return Fault(std::move(why));
}

// Poco throws more than Poco::Exception on bad input, e.g. std::bad_cast by way of Dynamic::Var.
template <class F>
auto caught(F read) -> Result<decltype(read()), std::string> {
  try {
    return read();
  } catch (const Poco::Exception& e) {
    return fault(e.displayText());
  } catch (const std::exception& e) {
    return fault(e.what());
  }
}

} // namespace

Result<std::string, std::string> canonical_json(std::string_view object_text) {
  return caught([&] { return written(*parse_object(object_text)); });
}

Result<Note, std::string> read_note_version(ByteView descriptor) {
  if (descriptor.size() < kVersionBytes) return Fault("is too short");
  Note note;
  std::memcpy(&note.major, descriptor.data(), sizeof note.major);
  std::memcpy(&note.min_minor, descriptor.data() + sizeof note.major, sizeof note.min_minor);
  return note;
}

Result<Note, std::string> read_note(ByteView descriptor) {
  auto note = read_note_version(descriptor);
  if (!note) return note;
  if (descriptor.size() > kMaxNote) return Fault("is longer than 1 MiB");
  const auto rest = descriptor.subspan(kVersionBytes);
  std::string_view text(reinterpret_cast<const char*>(rest.data()), rest.size());
  text.remove_suffix(text.size() - (text.find_last_not_of('\0') + 1)); // npos + 1 == 0
  return caught([&] {
    read_text(text, *note);
    return std::move(*note);
  });
}

} // namespace authd::plugin
