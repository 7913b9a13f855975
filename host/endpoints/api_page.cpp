// SPDX-License-Identifier: Apache-2.0
#include "endpoints/api_page.h"

#include <algorithm>
#include <vector>

#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>
#include <fmt/format.h>

#include "endpoints/content_security.h"
#include "endpoints/document_text.h"
#include "http/response_writer.h"

namespace authd::endpoints {
namespace {

// Contrasts of at least 4.5:1 in both schemes (WCAG 2.2, 1.4.3); wide content scrolls within itself, so that the page
// does not (1.4.10).
constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --text: #1c2024; --soft: #565d66; --back: #ffffff; --box: #f3f5f7; --line: #d3d9df;
  --link: #0b57a8; --good: #17692f; --bad: #a3241a; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e8ec; --soft: #a3adb8; --back: #14171a; --box: #1e2328; --line: #3a424a; --link: #7ab8ff;
    --good: #74d08c; --bad: #ff9a8f; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { position: static; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.35rem; margin: 2.5rem 0 .5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 0; }
h4 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { margin: .25rem 0 .5rem; }
.soft { color: var(--soft); font-weight: 400; }
code, pre { font: .9em/1.45 ui-monospace, monospace; }
h3 code { font-weight: 700; }
pre { background: var(--box); border: 1px solid var(--line); border-radius: 4px; padding: .75rem; overflow-x: auto;
  overflow-wrap: normal; margin: .5rem 0; }
article { border: 1px solid var(--line); border-radius: 6px; padding: 1rem; margin: 1rem 0; }
nav ul { list-style: none; padding: 0; }
nav li { margin: .25rem 0; }
dl { margin: 0; }
dt { font-weight: 600; margin-top: .5rem; }
dd { margin: 0 0 .5rem 1rem; }
.good { color: var(--good); }
.bad { color: var(--bad); }
summary { cursor: pointer; color: var(--link); }
)css";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\'':
      out += "&#39;";
      break;
    default:
      out += c;
    }
  }
  return out;
}

// Of CommonMark, what our own texts use: paragraphs, and code between back quotes.
std::string paragraphs(std::string_view text) {
  std::string out = "<p>";
  bool in_code = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '`') {
      out += in_code ? "</code>" : "<code>";
      in_code = !in_code;
    } else if (text.substr(i, 2) == "\n\n" && !in_code) {
      out += "</p>\n<p>";
      ++i;
    } else {
      out += escaped(text.substr(i, 1));
    }
  }
  return out.append(in_code ? "</code>" : "").append("</p>\n");
}

std::string code(std::string_view text) { return "<code>" + escaped(text) + "</code>"; }

std::string indented(std::string_view json) {
  Poco::JSON::Parser parser(new Poco::JSON::ParseHandler(true));
  return to_json_text(parser.parse(std::string(json)));
}

// Opens with the keyboard as well as by a click, without a script. What scrolls can be focused.
std::string schema_details(std::string_view media_type, const http::Schema& schema) {
  const std::string_view name = schema.name.empty() ? "Schema" : schema.name;
  return fmt::format("<details><summary>{}: {}</summary><pre tabindex=\"0\" role=\"group\" aria-label=\"{} as JSON "
                     "Schema\">{}</pre></details>\n",
                     escaped(name), escaped(media_type), escaped(name), escaped(indented(schema.json)));
}

std::string method_and_path(const http::Operation& operation) {
  return fmt::format("{} {}", http::name_of(operation.method), code(operation.path));
}

std::string parameters(const http::Operation& operation) {
  if (operation.parameters.empty()) return "";
  std::string out = "<h4>Parameters</h4>\n<dl>\n";
  for (const http::Parameter& parameter : operation.parameters) {
    out += fmt::format("<dt>{} <span class=\"soft\">{}{}</span></dt>\n<dd>{}</dd>\n", code(parameter.name),
                       parameter.in == http::Parameter::In::query ? "in the query" : "header",
                       parameter.required ? ", required" : "", paragraphs(parameter.description));
  }
  return out + "</dl>\n";
}

std::string credentials(const http::Operation& operation) {
  if (operation.security.empty()) return "";
  std::string names;
  for (const http::SecurityScheme& scheme : operation.security) {
    names += (names.empty() ? "" : ", ") + code(scheme.name);
  }
  return "<p><span class=\"soft\">Credentials:</span> " + names + "</p>\n";
}

std::string body(const http::RequestBody& row) {
  if (row.media_type.empty()) return "";
  return "<h4>Body</h4>\n" + paragraphs(row.description) + schema_details(row.media_type, row.schema);
}

std::string answer_heading(int status) {
  if (status == 0) return "<dt>Any other</dt>\n";
  return fmt::format("<dt class=\"{}\">{} {}</dt>\n", status < 400 ? "good" : "bad", status,
                     escaped(http::reason_phrase(status)));
}

// The schema of problems is shown once, where the server's own refusals are.
std::string answer_row(const http::AnswerRow& row) {
  std::string out = row.description.empty() ? "" : paragraphs(row.description);
  if (row.media_type.empty() || row.media_type == http::kProblemMediaType) return out;
  return out + schema_details(row.media_type, row.schema);
}

std::string field_list(std::span<const http::AnswerField> fields) {
  std::string out;
  for (const http::AnswerField& field : fields) {
    out += fmt::format("<p class=\"soft\">{}: {}</p>\n", code(field.name), escaped(field.description));
  }
  return out;
}

// Rows of one status. What fields they share is said once.
std::string answer(std::span<const http::AnswerRow> rows) {
  std::string out = answer_heading(rows.front().status) + "<dd>";
  std::string said;
  for (const http::AnswerRow& row : rows) {
    out += answer_row(row);
    const std::string fields = field_list(row.fields);
    if (said.find(fields) == std::string::npos) said += fields;
  }
  return out + said + "</dd>\n";
}

std::string answers(std::span<const http::AnswerRow> rows) {
  std::vector<http::AnswerRow> sorted(rows.begin(), rows.end());
  const auto last = [](int status) { return status == 0 ? 1000 : status; };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto& a, const auto& b) { return last(a.status) < last(b.status); });
  std::string out = "<dl>\n";
  for (auto from = sorted.begin(); from != sorted.end();) {
    const auto to = std::find_if(from, sorted.end(), [&](const auto& row) { return row.status != from->status; });
    out += answer({from, to});
    from = to;
  }
  return out + "</dl>\n";
}

std::string article(const http::Operation& operation) {
  std::string out = fmt::format("<article id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h3 id=\"{0}-title\">{1}</h3>\n",
                                escaped(operation.id), method_and_path(operation));
  out += "<p>" + escaped(operation.summary) + "</p>\n";
  if (!operation.description.empty()) out += paragraphs(operation.description);
  return out + credentials(operation) + parameters(operation) + body(operation.body) + "<h4>Answers</h4>\n" +
         answers(operation.answers) + "</article>\n";
}

std::string contents(Operations operations) {
  std::string out = "<nav aria-label=\"Operations\">\n<ul>\n";
  for (const http::Operation* operation : operations) {
    out += fmt::format("<li><a href=\"#{}\">{}</a> <span class=\"soft\">{}</span></li>\n", escaped(operation->id),
                       method_and_path(*operation), escaped(operation->summary));
  }
  return out + "<li><a href=\"#refusals\">Refusals of every path</a></li>\n</ul>\n</nav>\n";
}

std::string sections(Operations operations) {
  std::string out;
  std::string_view tag;
  for (const http::Operation* operation : operations) {
    if (operation->tag.name != tag) {
      out += fmt::format("<h2>{}</h2>\n{}", escaped(operation->tag.name), paragraphs(operation->tag.description));
    }
    tag = operation->tag.name;
    out += article(*operation);
  }
  return out;
}

std::string security_section(Operations operations) {
  std::string out;
  std::vector<std::string_view> seen;
  for (const http::Operation* operation : operations) {
    for (const http::SecurityScheme& scheme : operation->security) {
      if (std::find(seen.begin(), seen.end(), scheme.name) != seen.end()) continue;
      seen.push_back(scheme.name);
      out +=
          fmt::format("<details><summary>{0}</summary><pre tabindex=\"0\" role=\"group\" aria-label=\"{0}\">{1}</pre>"
                      "</details>\n",
                      escaped(scheme.name), escaped(indented(scheme.json)));
    }
  }
  return out.empty() ? "" : "<h2>Credentials</h2>\n" + out;
}

std::string about(const ApiInfo& info) {
  std::string out =
      fmt::format("<h1>{}</h1>\n<p class=\"soft\">Version {}</p>\n", escaped(info.title), escaped(info.version));
  out += paragraphs(info.description);
  if (!info.contact_name.empty()) out += "<p>Contact: " + escaped(info.contact_name) + "</p>\n";
  if (!info.contact_email.empty()) {
    out += fmt::format("<p>Mail: <a href=\"mailto:{0}\">{0}</a></p>\n", escaped(info.contact_email));
  }
  if (!info.license_name.empty()) out += "<p>License: " + escaped(info.license_name) + "</p>\n";
  return out + "<p class=\"soft\">The same as OpenAPI 3.1: ask for <code>application/json</code> or "
               "<code>application/yaml</code> in <code>Accept</code>.</p>\n";
}

} // namespace

std::string api_page(const ApiInfo& info, Operations operations) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         escaped(info.title) + "</title>\n<style>" + std::string(kStyle) +
         "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the operations</a>\n<header>\n" +
         about(info) + "</header>\n" + contents(operations) + "<main id=\"main\">\n" + sections(operations) +
         security_section(operations) +
         "<h2 id=\"refusals\">Refusals of every path</h2>\n"
         "<p>Whatever the path, the server may refuse a request before it comes there.</p>\n" +
         answers(http::server_answers()) + schema_details(http::kProblemMediaType, http::kProblem) +
         "</main>\n</body>\n</html>\n";
}

std::string_view page_policy() {
  static const std::string policy = "default-src 'none'; style-src " + hash_source(kStyle) +
                                    "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return policy;
}

} // namespace authd::endpoints
