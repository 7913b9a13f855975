// SPDX-License-Identifier: Apache-2.0
// Consumers that follow from their number, as many as anybody asks for: a benchmark with a million of them
// needs no memory here, and whoever checks a token can compute its secret. script/bench computes the same.
//
//   id        5eed0000-0000-4000-8000-<number in 12 hexadecimal digits>
//   username  consumer-<number>
//   key       key-<number in 28 decimal digits>, as long as those that Kong makes up
//   secret    secret-<number in 32 decimal digits>, HS256
//
// Newcomers have no credential yet, so that whoever asks for one has to create it:
//
//   id        5eed0000-0000-4000-9000-<number in 12 hexadecimal digits>
//   username  newcomer-<number>
#pragma once

#include <optional>
#include <string_view>

#include "support/kong_store.h"

namespace authd::test {

// nullopt: not the id or username of such a consumer or newcomer.
std::optional<KongConsumer> numbered_consumer(std::string_view id_or_username);

} // namespace authd::test
