// SPDX-License-Identifier: Apache-2.0
// A module that keeps records, by the SDK alone: notes that are written once, read, taken, and found by their owner.
#include <string>

#include <authd/endpoint.hpp>
#include <authd/plugin.hpp>
#include <authd/records.hpp>

namespace {

using namespace authd::sdk;

constexpr char kSchema[] = R"json({"type": "object", "additionalProperties": false, "properties": {}})json";
constexpr char kWrite[] =
    R"json({"summary": "Writes a note", "responses": {"201": {"description": "it is durable"}}})json";
constexpr char kRead[] = R"json({"summary": "Reads it", "responses": {"200": {"description": "the note"}}})json";
constexpr char kTake[] =
    R"json({"summary": "Reads it for the last time", "responses": {"200": {"description": "it"}}})json";
constexpr char kCount[] =
    R"json({"summary": "How many an owner has", "responses": {"200": {"description": "a number"}}})json";

class Notes {
 public:
  static constexpr ComponentInfo info{
      .name = "notes", .summary = "keeps notes", .schema = kSchema, .needs = {AUTHD_EXCHANGE_V1, AUTHD_RECORDS_V1}};
  static constexpr Declaration declares{
      .records = {{{.name = "note", .indexes = {{{.name = "owner"}}}, .sealed = true, .max_stale_ms = 60'000}}}};

  Notes(Host host, const Config&, Call&) : records_(host) {}

  Status write(Call& call, const Request& r, Reply& reply) {
    const auto kept = records_.apply(call, {{.op = AUTHD_CHANGE_INSERT,
                                             .type = kNote,
                                             .id = r.param(0),
                                             .body = r.body(),
                                             .index = {{{"owner", r.query()}}}}});
    return kept ? reply.json(201, "{}") : kept.status;
  }
  Status read(Call& call, const Request& r, Reply& reply) {
    const auto note = records_.get(call, kNote, r.param(0));
    const char* pass = r.is_first_pass() ? "first" : "second";
    return note ? reply.send(200, "text/plain", note->body, {{"X-Pass", pass}}) : note.status();
  }
  Status take(Call& call, const Request& r, Reply& reply) {
    const auto note = records_.take(call, kNote, r.param(0));
    return note ? reply.send(200, "text/plain", note->body) : note.status();
  }
  Status count(Call& call, const Request& r, Reply& reply) {
    const auto notes = records_.find(call, kNote, {"owner", r.param(0)});
    return notes ? reply.json(200, std::to_string(notes->size())) : notes.status();
  }

  static constexpr authd_route routes[] = {route<&Notes::write>("POST", "/notes/{id}", kWrite, AUTHD_ROUTE_INLINE),
                                           route<&Notes::read>("GET", "/notes/{id}", kRead, AUTHD_ROUTE_INLINE),
                                           route<&Notes::take>("DELETE", "/notes/{id}", kTake, AUTHD_ROUTE_INLINE),
                                           route<&Notes::count>("GET", "/owners/{owner}", kCount, AUTHD_ROUTE_INLINE)};

 private:
  static constexpr std::uint32_t kNote = 0; // the first of its types
  Records records_;
};

constexpr PluginInfo kPlugin{.id = "org.example.notes", .version = "1.0.0", .license = "Apache-2.0"};

} // namespace

AUTHD_PLUGIN(kPlugin, EndpointComponent<Notes>);
