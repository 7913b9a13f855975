// SPDX-License-Identifier: Apache-2.0
// What a Redis server sends. "r" and replies; or "v", a line that is a key, and what is stored under it; or "a" and a
// message of the channel; or "e" and the text of an error. Required: replies are the same whole and in pieces, and when
// they are written anew; what is taken for authd's own is what authd writes; messages are one line.
#include <algorithm>
#include <vector>

#include <Poco/Exception.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/StreamSocketImpl.h>

#include "fault.h"
#include "formats.h"
#include "fuzz_target.h"
#include "reply.h"
#include "slot_map.h"

namespace authd::fuzz {
namespace {

using namespace cache_redis;

class MemorySocket final : public Poco::Net::StreamSocketImpl {
 public:
  MemorySocket(std::string_view content, std::size_t step) : rest_(content), step_(step) {}
  int receiveBytes(void* buffer, int length, int) override {
    const std::size_t size = std::min({rest_.size(), step_, static_cast<std::size_t>(length)});
    std::copy_n(rest_.begin(), size, static_cast<char*>(buffer));
    rest_.remove_prefix(size);
    return static_cast<int>(size);
  }

 private:
  std::string_view rest_;
  std::size_t step_;
};

// The same for simple and bulk strings, and for null and empty arrays.
void write(const Reply& reply, std::string& out) {
  if (const std::string* error = error_of(reply)) {
    out += "-" + *error + "\r\n";
  } else if (const auto integer = integer_of(reply)) {
    out += ":" + std::to_string(*integer) + "\r\n";
  } else if (is_text(reply)) {
    out += "$" + std::to_string(text_of(reply).size()) + "\r\n";
    out.append(text_of(reply)).append("\r\n");
  } else if (reply->isArray()) {
    const auto elements = elements_of(reply);
    out += "*" + std::to_string(elements.size()) + "\r\n";
    for (const Reply& element : elements) write(element, out);
  } else {
    out += "$-1\r\n";
  }
}

void require_use(const Reply& reply) {
  if (const std::string* error = error_of(reply)) {
    (void)classify_error(*error);
    (void)parse_redirection(*error);
  }
  const auto integers = integers_of(reply);
  require(!integers || integers->size() == elements_of(reply).size(), "an array of integers has no other elements");
  const auto slots = parse_slots(reply, {"asked", "6379"});
  if (!slots) return;
  for (const std::uint16_t owner : slots->owner)
    require(owner == SlotMap::kNobody || owner < slots->masters.size(), "a slot's owner is one of the masters");
}

struct Read {
  std::string written;
  std::string end; // why no more is read
  bool operator==(const Read&) const = default;
};

Read read_all(std::string_view input, std::size_t step) {
  Poco::Net::StreamSocket socket(new MemorySocket(input, step));
  Poco::Redis::RedisInputStream stream(socket);
  stream.exceptions(std::ios::failbit | std::ios::badbit | std::ios::eofbit);
  Read read;
  try {
    for (;;) {
      const Reply reply = read_reply(stream);
      write(reply, read.written);
      require_use(reply);
    }
  } catch (const OversizedReply& e) {
    read.end = e.what();
  } catch (const MalformedReply& e) {
    read.end = e.what();
  } catch (const std::ios_base::failure&) {
    read.end = "the end";
  }
  return read;
}

void require_replies(std::string_view input) {
  const Read whole = read_all(input, std::string_view::npos);
  require(is_one_line(whole.end), "the end has a reason");
  require(read_all(input, 1) == whole, "replies are the same byte by byte");
  require(read_all(input, 1 + place_in(input) % 13) == whole, "replies are the same in pieces");
  const Read again = read_all(whole.written, std::string_view::npos);
  require(again.written == whole.written, "replies are the same when they are written anew");
}

void require_entry(std::string_view input) {
  const std::string_view key = take_line(input);
  const Entry entry = decode_entry(key, input);
  if (entry.kind == Entry::Kind::value)
    require(encode_entry(key, entry.payload, entry.fresh_until_ms) == input,
            "a value is what authd would have written");
  const std::string stored = encode_entry(key, input, 1'800'000'000'000);
  const Entry own = decode_entry(key, stored);
  require(own.kind == Entry::Kind::value && own.payload == input, "what was written is read");
  require(decode_entry(std::string(key) + "x", stored).kind == Entry::Kind::garbage, "but not under another key");
  std::string changed = stored;
  changed[place_in(stored)] ^= 1;
  require(decode_entry(key, changed).kind != Entry::Kind::value, "nor when it was changed");
}

void require_announcement(std::string_view input) {
  const auto announced = parse_announcement(input);
  if (!announced) return;
  require((announced->key ? announce_key(announced->instance, *announced->key) : announce_all(announced->instance)) ==
              input,
          "an announcement is what authd would have sent");
}

void require_error(std::string_view input) {
  const Fault fault = classify_error(input);
  require(is_one_line(fault.message), "the message of an error is one line");
  require(fault.message.size() < 400, "and not a long one");
  const auto redirection = parse_redirection(input);
  require(!redirection || redirection->slot < kSlots, "a redirection is about a slot");
}

} // namespace

void redis_reply(Bytes input) {
  std::string_view text = as_text(input);
  switch (take_choice(text)) {
  case 'v':
    return require_entry(text);
  case 'a':
    return require_announcement(text);
  case 'e':
    return require_error(text);
  default:
    return require_replies(text);
  }
}

} // namespace authd::fuzz
