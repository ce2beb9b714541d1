using System.Text;

namespace Nightmail.Cli.Completion;

/// <summary>A completion for bash; zsh takes it too, through its own emulation.</summary>
internal static class BashCompletion
{
    /// <summary>The script.</summary>
    public static string Script(IReadOnlyList<CompletedCommand> commands)
    {
        var valued = commands.SelectMany(command => command.Options).Where(option => option.HelpName is not null).ToList();
        var script = new StringBuilder();
        script.Append($$"""
            # Completion of nightmail for bash: source <(nightmail completion bash)
            _nightmail() {
              local cur=${COMP_WORDS[COMP_CWORD]} path= word words= ids= i
              for ((i = 1; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                case $word in
                  {{Names(valued)}}) ((i++)) ;;
                  -*) ;;
                  *) case " {{string.Join(' ', commands.Where(command => command.Path.Length > 0).Select(command => command.Path.Replace(' ', '/')))}} " in
                       *" ${path:+$path/}$word "*) path=${path:+$path/}$word ;;
                     esac ;;
                esac
              done
              case ${COMP_WORDS[COMP_CWORD-1]} in
                {{Names(valued.Where(option => option.HelpName is "FILE" or "DIR" or "PATH"))}})
                  COMPREPLY=($(compgen -f -- "$cur")); return ;;
                {{Names(valued.Where(option => option.HelpName is not ("FILE" or "DIR" or "PATH")))}})
                  COMPREPLY=(); return ;;
              esac
              case $path in

            """);
        foreach (var command in commands)
        {
            script.Append($"    '{command.Path.Replace(' ', '/')}') words='{string.Join(' ', command.Subcommands.Concat(command.Options.Select(option => option.Name)))}'");
            script.Append(command.TakesIds ? " ids=1 ;;\n" : " ;;\n");
        }

        return script.Append("""
              esac
              # The ids of what waits; a queue that cannot be read has none.
              if [[ -n $ids && $cur != -* ]]; then words="$(nightmail list 2>/dev/null | while read -r word _; do [[ $word == ID ]] || echo "$word"; done)"; fi
              COMPREPLY=($(compgen -W "$words" -- "$cur"))
            }
            complete -o default -F _nightmail nightmail

            """).ToString();
    }

    /// <summary>The script for zsh.</summary>
    public static string ZshScript(IReadOnlyList<CompletedCommand> commands) =>
        $"#compdef nightmail\nautoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n{Script(commands)}";

    private static string Names(IEnumerable<CompletedOption> options) => string.Join('|', options.Select(option => option.Name).Distinct().Order(StringComparer.Ordinal));
}
