// SPDX-License-Identifier: Apache-2.0
#include "reply.h"

#include <charconv>

#include <Poco/Redis/Array.h>
#include <Poco/Redis/Error.h>

namespace authd::cache_redis {
namespace {

using Poco::Redis::Array;
using Poco::Redis::BulkString;
using Poco::Redis::Error;
using Poco::Redis::RedisInputStream;
using Poco::Redis::RedisType;
using Poco::Redis::Type;

class ReplyReader {
 public:
  explicit ReplyReader(RedisInputStream& input) : input_(input) {}

  Reply read(int depth = 0) {
    if (depth > kDeepestReply) throw OversizedReply("the answer is nested too deeply");
    if (++elements_ > kMostReplyElements) throw OversizedReply("the answer has too many elements");
    switch (input_.get()) {
    case '+':
      return new Type<std::string>(line());
    case '-':
      return new Type<Error>(Error(line()));
    case ':':
      return new Type<Poco::Int64>(number());
    case '$':
      return bulk();
    case '*':
      return array(depth);
    default:
      throw MalformedReply("the answer does not follow Redis' protocol");
    }
  }

 private:
  void spend(std::size_t bytes) {
    if (bytes > bytes_left_) throw OversizedReply("the answer is too long");
    bytes_left_ -= bytes;
  }

  std::string line() {
    std::string text;
    for (int c = input_.get(); c != '\r'; c = input_.get()) {
      if (text.size() == kLongestLine) throw OversizedReply("a line of the answer is too long");
      text += static_cast<char>(c);
    }
    if (input_.get() != '\n') throw MalformedReply("a line of the answer does not end with CR LF");
    spend(text.size() + 3);
    return text;
  }

  std::int64_t number() {
    const std::string text = line();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      throw MalformedReply("expected a number in the answer, got other text");
    return value;
  }

  // -1: null. The bound is applied to what is announced, before anything is allocated for it.
  std::optional<std::size_t> length(std::size_t at_most) {
    const std::int64_t announced = number();
    if (announced == -1) return std::nullopt;
    if (announced < 0) throw MalformedReply("the answer announces a negative length");
    if (static_cast<std::uint64_t>(announced) > at_most) throw OversizedReply("the answer is too long");
    return static_cast<std::size_t>(announced);
  }

  Reply bulk() {
    Poco::SharedPtr<Type<BulkString>> reply = new Type<BulkString>;
    const auto size = length(kMostBulkBytes);
    if (!size) return reply;
    spend(*size + 2);
    std::string text(*size, '\0');
    if (*size > 0) input_.read(text.data(), static_cast<std::streamsize>(*size));
    if (input_.get() != '\r' || input_.get() != '\n') throw MalformedReply("a value does not end with CR LF");
    reply->value().assign(std::move(text));
    return reply;
  }

  Reply array(int depth) {
    Poco::SharedPtr<Type<Array>> reply = new Type<Array>;
    const std::size_t count = length(kMostReplyElements).value_or(0);
    for (std::size_t i = 0; i < count; ++i) reply->value().addRedisType(read(depth + 1));
    return reply;
  }

  RedisInputStream& input_;
  std::size_t bytes_left_ = kMostReplyBytes;
  std::size_t elements_ = 0;
};

template <class T>
const T* value_of(const Reply& reply) {
  const auto* typed = dynamic_cast<const Type<T>*>(reply.get());
  return typed != nullptr ? &typed->value() : nullptr;
}

} // namespace

Reply read_reply(RedisInputStream& input) { return ReplyReader(input).read(); }

std::string_view text_of(const Reply& reply) {
  if (const auto* simple = value_of<std::string>(reply)) return *simple;
  const auto* bulk = value_of<BulkString>(reply);
  return bulk != nullptr && !bulk->isNull() ? std::string_view(bulk->value()) : std::string_view();
}

bool is_text(const Reply& reply) {
  const auto* bulk = value_of<BulkString>(reply);
  return bulk != nullptr ? !bulk->isNull() : value_of<std::string>(reply) != nullptr;
}

std::optional<std::int64_t> integer_of(const Reply& reply) {
  const auto* number = value_of<Poco::Int64>(reply);
  return number != nullptr ? std::optional<std::int64_t>(*number) : std::nullopt;
}

const std::string* error_of(const Reply& reply) {
  const auto* error = value_of<Error>(reply);
  return error != nullptr ? &error->getMessage() : nullptr;
}

std::vector<Reply> elements_of(const Reply& reply) {
  const auto* array = value_of<Array>(reply);
  if (array == nullptr || array->isNull()) return {};
  return {array->begin(), array->end()};
}

std::optional<std::vector<std::int64_t>> integers_of(const Reply& reply) {
  std::vector<std::int64_t> integers;
  for (const Reply& element : elements_of(reply)) {
    const auto integer = integer_of(element);
    if (!integer) return std::nullopt;
    integers.push_back(*integer);
  }
  return integers;
}

} // namespace authd::cache_redis
