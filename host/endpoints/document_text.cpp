// SPDX-License-Identifier: Apache-2.0
#include "endpoints/document_text.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <yaml-cpp/yaml.h>

#include "base/json_writer.h"

namespace authd::endpoints {
namespace {

using Poco::Dynamic::Var;
using Object = Poco::JSON::Object;
using Array = Poco::JSON::Array;

class JsonText {
 public:
  void write(const Var& value) {
    if (value.type() == typeid(Object::Ptr)) return write_object(*value.extract<Object::Ptr>());
    if (value.type() == typeid(Array::Ptr)) return write_array(*value.extract<Array::Ptr>());
    if (value.isEmpty()) {
      text_ += "null";
    } else if (value.isString()) {
      append_json_string_lossy(text_, value.extract<std::string>());
    } else {
      text_ += value.convert<std::string>();
    }
  }
  std::string take() { return std::move(text_) + '\n'; }

 private:
  void write_object(const Object& object) {
    if (object.size() == 0) {
      text_ += "{}";
      return;
    }
    char before = '{';
    depth_ += 2;
    for (const std::string& name : object.getNames()) {
      begin_line(before);
      append_json_string(text_, name);
      text_ += ": ";
      write(object.get(name));
      before = ',';
    }
    end('}');
  }
  void write_array(const Array& array) {
    if (array.size() == 0) {
      text_ += "[]";
      return;
    }
    char before = '[';
    depth_ += 2;
    for (const Var& item : array) {
      begin_line(before);
      write(item);
      before = ',';
    }
    end(']');
  }
  void begin_line(char before) {
    text_ += before;
    text_.append("\n").append(depth_, ' ');
  }
  void end(char bracket) {
    depth_ -= 2;
    text_.append("\n").append(depth_, ' ') += bracket;
  }

  std::string text_;
  std::size_t depth_ = 0;
};

// Words of letters, blanks and a few marks that no version of YAML takes for anything but a string.
bool is_plain(std::string_view text) {
  constexpr std::array<std::string_view, 10> kTaken{"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"};
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_inner = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '/' || c == '.' || c == '_' || c == '-' || c == ' ';
  };
  if (text.empty() || text.back() == ' ') return false;
  if (!is_letter(text.front()) && (text.front() != '/' || text.size() == 1)) return false;
  if (!std::all_of(text.begin(), text.end(), is_inner)) return false;
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return std::find(kTaken.begin(), kTaken.end(), lower) == kTaken.end();
}

class YamlText {
 public:
  void write(const Var& value) {
    if (value.type() == typeid(Object::Ptr)) return write_object(*value.extract<Object::Ptr>());
    if (value.type() == typeid(Array::Ptr)) return write_array(*value.extract<Array::Ptr>());
    if (value.isEmpty()) {
      emitter_ << YAML::Null;
    } else if (value.isString()) {
      write_string(value.extract<std::string>());
    } else {
      emitter_ << value.convert<std::string>();
    }
  }
  std::string take() { return std::string(emitter_.c_str(), emitter_.size()) + '\n'; }

 private:
  void write_object(const Object& object) {
    if (object.size() == 0) emitter_ << YAML::Flow;
    emitter_ << YAML::BeginMap;
    for (const std::string& name : object.getNames()) {
      emitter_ << YAML::Key;
      write_string(name);
      emitter_ << YAML::Value;
      write(object.get(name));
    }
    emitter_ << YAML::EndMap;
  }
  void write_array(const Array& array) {
    if (array.size() == 0) emitter_ << YAML::Flow;
    emitter_ << YAML::BeginSeq;
    for (const Var& item : array) write(item);
    emitter_ << YAML::EndSeq;
  }
  void write_string(const std::string& text) {
    if (!is_plain(text)) emitter_ << YAML::DoubleQuoted;
    emitter_ << text;
  }

  YAML::Emitter emitter_;
};

} // namespace

std::string to_json_text(const Var& tree) {
  JsonText text;
  text.write(tree);
  return text.take();
}

std::string to_yaml_text(const Var& tree) {
  YamlText text;
  text.write(tree);
  return text.take();
}

} // namespace authd::endpoints
