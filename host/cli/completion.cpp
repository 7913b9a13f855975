// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace authd::cli {
namespace {

struct Word {
  std::string name; // "reload", "--socket"
  std::string description;
  bool takes_value = false; // an option with an argument
};

struct Command {
  std::string at; // the words that lead to it, each after a blank: " cache invalidate"; "": authd itself
  std::vector<Word> commands;
  std::vector<Word> options;
  bool takes_file = false;
  std::vector<std::string> choices; // of its argument, where that is one of a few words
};

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0 && option.get_type_size() > 0;
}

Command describe(const CLI::App& app, const std::string& at) {
  Command command{at, {}, {}, false, {}};
  for (const CLI::App* inner : app.get_subcommands([](const CLI::App*) { return true; }))
    command.commands.push_back({inner->get_name(), inner->get_description()});
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames())
      command.options.push_back({"--" + name, option->get_description(), takes_value(*option)});
    if (option->get_positional() && option->get_name() == "FILE") command.takes_file = true;
    if (option->get_positional() && option->get_name() == "SHELL") command.choices = kShells;
  }
  return command;
}

void describe_all(const CLI::App& app, const std::string& at, std::vector<Command>& commands) {
  commands.push_back(describe(app, at));
  for (const CLI::App* inner : app.get_subcommands([](const CLI::App*) { return true; }))
    describe_all(*inner, at + ' ' + inner->get_name(), commands);
}

// For all three shells, between single quotes.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::vector<std::string> quoted_steps(const std::vector<Command>& commands) {
  std::vector<std::string> steps;
  for (const Command& command : commands)
    if (!command.at.empty()) steps.push_back(shell_quoted(command.at));
  return steps;
}

// Those whose argument is no file.
bool is_number(const Word& option) { return option.name == "--interval" || option.name == "--port"; }

std::vector<std::string> with_argument(const std::vector<Command>& commands, bool number) {
  std::vector<std::string> names;
  for (const Command& command : commands) {
    for (const Word& option : command.options) {
      const bool known = std::find(names.begin(), names.end(), option.name) != names.end();
      if (option.takes_value && is_number(option) == number && !known) names.push_back(option.name);
    }
  }
  return names;
}

// Where the words so far have led to: the same loop in bash and zsh, over `words`, an expression of the shell.
std::string steps_loop(const std::vector<Command>& commands, std::string_view words) {
  return fmt::format("  local at= word\n"
                     "  for word in {}; do\n"
                     "    case \"$at $word\" in\n"
                     "      {}) at+=\" $word\" ;;\n"
                     "    esac\n"
                     "  done\n",
                     words, fmt::join(quoted_steps(commands), " | "));
}

std::string bash(const std::vector<Command>& commands) {
  std::string cases;
  for (const Command& command : commands) {
    std::vector<std::string> words = command.choices;
    for (const auto* list : {&command.commands, &command.options})
      for (const Word& word : *list) words.push_back(word.name);
    cases += fmt::format("    {}) candidates={}{} ;;\n", shell_quoted(command.at),
                         shell_quoted(fmt::format("{}", fmt::join(words, " "))), command.takes_file ? " files=1" : "");
  }
  return fmt::format("# bash completion for authd; made by `authd completion bash`.\n"
                     "_authd() {{\n"
                     "  local current=${{COMP_WORDS[COMP_CWORD]}} candidates= files=\n"
                     "{}"
                     "  case ${{COMP_WORDS[COMP_CWORD - 1]}} in\n"
                     "    {}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); return ;;\n"
                     "    {}) COMPREPLY=(); return ;;\n"
                     "  esac\n"
                     "  case $at in\n{}"
                     "  esac\n"
                     "  mapfile -t COMPREPLY < <(compgen -W \"$candidates\" -- \"$current\"; "
                     "[ -z \"$files\" ] || compgen -f -- \"$current\")\n"
                     "  [ -z \"$files\" ] || compopt -o filenames\n"
                     "}}\n"
                     "complete -F _authd authd\n",
                     steps_loop(commands, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\""),
                     fmt::join(with_argument(commands, false), " | "), fmt::join(with_argument(commands, true), " | "),
                     cases);
}

std::string zsh(const std::vector<Command>& commands) {
  std::string cases;
  for (const Command& command : commands) {
    std::vector<std::string> words;
    for (const std::string& choice : command.choices) words.push_back(shell_quoted(choice));
    for (const auto* list : {&command.commands, &command.options})
      for (const Word& word : *list) words.push_back(shell_quoted(word.name + ':' + word.description));
    cases += fmt::format("    {})\n      candidates=({})\n{}      ;;\n", shell_quoted(command.at),
                         fmt::join(words, "\n        "), command.takes_file ? "      _files\n" : "");
  }
  return fmt::format("#compdef authd\n"
                     "# zsh completion for authd; made by `authd completion zsh`.\n"
                     "_authd() {{\n"
                     "{}"
                     "  case ${{words[CURRENT-1]}} in\n"
                     "    {}) _files; return ;;\n"
                     "    {}) return ;;\n"
                     "  esac\n"
                     "  local -a candidates\n"
                     "  case $at in\n{}"
                     "  esac\n"
                     "  _describe 'authd' candidates\n"
                     "}}\n"
                     "_authd \"$@\"\n",
                     steps_loop(commands, "\"${(@)words[2,CURRENT-1]}\""),
                     fmt::join(with_argument(commands, false), " | "), fmt::join(with_argument(commands, true), " | "),
                     cases);
}

std::string fish(const std::vector<Command>& commands) {
  std::string lines;
  for (const Command& command : commands) {
    const std::string when = fmt::format("complete -c authd -n \"__authd_at {}\"", shell_quoted(command.at));
    for (const Word& word : command.commands)
      lines += fmt::format("{} -a {} -d {}\n", when, word.name, fish_quoted(word.description));
    for (const Word& option : command.options) {
      const std::string_view argument = !option.takes_value ? "" : is_number(option) ? " -x" : " -r -F";
      lines +=
          fmt::format("{} -l {}{} -d {}\n", when, option.name.substr(2), argument, fish_quoted(option.description));
    }
    if (!command.choices.empty()) lines += fmt::format("{} -a \"{}\"\n", when, fmt::join(command.choices, " "));
    if (command.takes_file) lines += when + " -F\n";
  }
  return fmt::format("# fish completion for authd; made by `authd completion fish`.\n"
                     "function __authd_at\n"
                     "    set -l at ''\n"
                     "    for word in (commandline -opc)[2..-1]\n"
                     "        switch \"$at $word\"\n"
                     "            case {}\n"
                     "                set at \"$at $word\"\n"
                     "        end\n"
                     "    end\n"
                     "    test \"$at\" = \"$argv[1]\"\n"
                     "end\n"
                     "complete -c authd -f\n{}",
                     fmt::join(quoted_steps(commands), " "), lines);
}

} // namespace

std::string completion(const CLI::App& app, const std::string& shell) {
  std::vector<Command> commands;
  describe_all(app, "", commands);
  if (shell == "zsh") return zsh(commands);
  return shell == "fish" ? fish(commands) : bash(commands);
}

} // namespace authd::cli
