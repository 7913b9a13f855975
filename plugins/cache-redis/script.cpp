// SPDX-License-Identifier: Apache-2.0
#include "script.h"

#include <Poco/SHA1Engine.h>

namespace authd::cache_redis {
namespace {

// pcall: a key of another type answers an error, which is not equal to any string.
constexpr std::string_view kStore = R"(
if redis.pcall('GETRANGE', KEYS[1], 0, 7) == ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
)";

// A Redis that is full refuses SET but not UNLINK: then the copy is gone at least. Answers whether the tombstone
// stands (1), plus whether there was a value (2).
constexpr std::string_view kDelete = R"(
local head = redis.pcall('GETRANGE', KEYS[1], 0, 7)
local had_value = 0
if type(head) == 'string' and head ~= '' and head ~= ARGV[1] then had_value = 2 end
local marked = 1
local set = redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if set['err'] then
  redis.call('UNLINK', KEYS[1])
  marked = 0
end
redis.call('PUBLISH', ARGV[3], ARGV[4])
return marked + had_value
)";

// Since the value was read, another instance may have stored a better one, or a tombstone.
constexpr std::string_view kDiscard = R"(
local size = redis.pcall('STRLEN', KEYS[1])
if type(size) ~= 'number' then return 0 end
if size <= tonumber(ARGV[2]) and redis.sha1hex(redis.call('GET', KEYS[1])) ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])
)";

// GCRA, by the clock of the server that has the key, in microseconds: an integer of 51 bits, which a number of Lua
// holds. What is not a number of ours counts as nothing, and what a clock that was set back would make of the time that
// was stored is cut to the whole limit.
constexpr std::string_view kTake = R"(
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local step, room = tonumber(ARGV[1]), tonumber(ARGV[2])
local stored = redis.pcall('GET', KEYS[1])
local busy = (type(stored) == 'string' and tonumber(stored) or now) - now
if not (busy > 0) then busy = 0 end
local too_long = busy > room
if too_long then busy = room end
local allowed = busy + step <= room
if allowed then busy = busy + step end
if allowed or too_long then
  redis.call('SET', KEYS[1], string.format('%.0f', now + busy), 'PX', math.ceil(busy / 1000))
end
return {allowed and 1 or 0, busy}
)";

// Redis judges a write when it is made, so that what leaves nothing tells as much as what stays.
constexpr std::string_view kProbe = R"(
redis.call('SET', KEYS[1], '', 'PX', 1000)
return redis.call('UNLINK', KEYS[1])
)";

constexpr std::string_view kSweep = R"(
local head = redis.pcall('GETRANGE', KEYS[1], 0, 7)
if head == ARGV[1] then return 0 end
if ARGV[2] ~= '' and (type(head) ~= 'string' or string.sub(head, 1, #ARGV[2]) ~= ARGV[2]) then return 0 end
return redis.call('UNLINK', KEYS[1])
)";

Poco::Redis::Command call(const char* verb, const std::string& script, std::string_view key,
                          std::initializer_list<std::string_view> args) {
  Poco::Redis::Command command(verb);
  command << script << "1" << std::string(key);
  for (const std::string_view arg : args) command << std::string(arg);
  return command;
}

} // namespace

std::string sha1_hex(std::string_view bytes) {
  Poco::SHA1Engine engine;
  engine.update(bytes.data(), bytes.size());
  return Poco::DigestEngine::digestToHex(engine.digest());
}

Script::Script(std::string_view lua) : lua_(lua), digest_(sha1_hex(lua)) {}

Poco::Redis::Command Script::by_digest(std::string_view key, std::initializer_list<std::string_view> args) const {
  return call("EVALSHA", digest_, key, args);
}

Poco::Redis::Command Script::by_text(std::string_view key, std::initializer_list<std::string_view> args) const {
  return call("EVAL", lua_, key, args);
}

const Script& store_script() {
  static const Script script(kStore);
  return script;
}

const Script& delete_script() {
  static const Script script(kDelete);
  return script;
}

const Script& discard_script() {
  static const Script script(kDiscard);
  return script;
}

const Script& take_script() {
  static const Script script(kTake);
  return script;
}

const Script& probe_script() {
  static const Script script(kProbe);
  return script;
}

const Script& sweep_script() {
  static const Script script(kSweep);
  return script;
}

} // namespace authd::cache_redis
