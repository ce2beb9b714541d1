namespace Nightmail.Cli.Sendmail;

/// <summary>
/// Turns the arguments of <c>sendmail</c>, which glue values to letters and know dozens of options of the past, into those of the verb
/// <c>sendmail</c>. What has no meaning here is taken and left away, as every program does that has sendmail's name.
/// </summary>
internal static class SendmailArguments
{
    /// <summary>The verb, and the name under which the program is it.</summary>
    public const string Name = "sendmail";

    /// <summary>Options that take a value, glued or as the next word, and mean nothing here.</summary>
    private const string IgnoredWithValue = "BCDdhLNOopRVX";

    /// <summary>Options without a value that mean nothing here.</summary>
    private const string Ignored = "EGMmnsUw";

    /// <summary>What other programs with that name do under it, and this one does not.</summary>
    private static readonly string[] OtherModes = ["-bs", "-bd", "-bD", "-bp", "-bi", "-bt", "-bv", "-bh", "-bH", "-bl", "-I", "-q"];

    /// <summary>The arguments for the verb.</summary>
    /// <param name="arguments">The program's arguments.</param>
    /// <param name="invokedAs">The name by which it was started.</param>
    /// <returns>The same, when it was neither started by that name nor given that verb.</returns>
    /// <exception cref="CommandFailure">They ask for something that this program does not do.</exception>
    public static string[] Translate(string[] arguments, string invokedAs)
    {
        var verb = 0;
        while (verb < arguments.Length && arguments[verb].StartsWith('-')) verb += GlobalOptions.WithValue.Contains(arguments[verb]) ? 2 : 1;
        var byName = invokedAs == Name;
        if (!byName && (verb >= arguments.Length || arguments[verb] != Name)) return arguments;
        var given = new Queue<string>(byName ? arguments : arguments[(verb + 1)..]);
        var (options, addresses) = (new List<string>(byName ? [Name] : [.. arguments[..verb], Name]), new List<string>());
        while (given.TryDequeue(out var word))
        {
            if (word == "--")
            {
                addresses.AddRange(given);
                break;
            }

            if (word.StartsWith("--", StringComparison.Ordinal))
            {
                options.Add(word);
                if (TakesValue(word) && given.TryDequeue(out var value)) options.Add(value);
            }
            else if (word.Length > 1 && word[0] == '-') Take(word, given, options);
            else addresses.Add(word);
        }

        return addresses.Count == 0 ? [.. options] : [.. options, "--", .. addresses];
    }

    private static bool TakesValue(string option) => option is "--at" or "--account" || GlobalOptions.WithValue.Contains(option);

    private static void Take(string word, Queue<string> given, List<string> options)
    {
        if (Array.Exists(OtherModes, mode => word.StartsWith(mode, StringComparison.Ordinal))) throw CommandFailure.Usage($"sendmail {word} is not done here: nightmail takes a message on standard input; see nightmail list and nightmail run");
        switch (word[1])
        {
            case 't' when word.Length == 2:
                options.Add("--recipients-from-header");
                break;
            case 'i' when word.Length == 2:
            case 'o' when word == "-oi":
                options.Add("--dots-end-nothing");
                break;
            case 't' or 'i' when word[2..].All(letter => letter is 't' or 'i'):
                // "-ti" and "-it".
                options.AddRange(["--recipients-from-header", "--dots-end-nothing"]);
                break;
            case 'f' or 'r':
                options.AddRange(["--sender", ValueOf(word, given)]);
                break;
            case 'F':
                options.AddRange(["--name", ValueOf(word, given)]);
                break;
            case 'v' when word.Length == 2:
                options.Add("--verbose");
                break;
            case 'b' when word == "-bm":
            case 'e' or 'A':
                break;
            case 'h' when word.Length == 2 && !(given.TryPeek(out var hops) && int.TryParse(hops, out _)):
                options.Add("--help");
                break;
            case var letter when IgnoredWithValue.Contains(letter, StringComparison.Ordinal):
                if (word.Length == 2) given.TryDequeue(out _);
                break;
            case var letter when Ignored.Contains(letter, StringComparison.Ordinal):
                break;
            default:
                throw CommandFailure.Usage($"sendmail: unknown option {word}; see nightmail sendmail --help");
        }
    }

    private static string ValueOf(string word, Queue<string> given) =>
        word.Length > 2 ? word[2..] : given.TryDequeue(out var value) ? value : throw CommandFailure.Usage($"sendmail: {word} needs a value");
}
