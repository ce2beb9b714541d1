using System.Reflection;
using Nightmail.Cli.Configuration;
using Nightmail.Cli.Sendmail;
using Nightmail.Core.Storage;

namespace Nightmail.Cli;

/// <summary>The program: words in, an exit code out.</summary>
public static class NightmailApp
{
    /// <summary>Runs one command.</summary>
    /// <param name="arguments">The words after the program's name.</param>
    /// <param name="surroundings">What it may touch.</param>
    /// <param name="cancellationToken">Ends it in order, like a signal.</param>
    /// <returns>The exit code.</returns>
    /// <remarks>Waits on this thread: a program that does one thing gains nothing by giving it back, and each method that does costs its start.</remarks>
    public static int Run(string[] arguments, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var exitCode = RunGuarded(arguments, surroundings, cancellationToken);

        // A reader that has seen enough is nobody's error.
        if (surroundings.OutputFailure() is not { ReaderGone: false, Words: var words }) return exitCode;
        var failed = Fail(surroundings, ExitCodes.Refused, $"standard output cannot be written: {words}; send it somewhere else");
        return exitCode == ExitCodes.Done ? failed : exitCode;
    }

    /// <summary>The exit code for a store that could not do what it was asked.</summary>
    internal static int ExitCodeOf(StoreException trouble) =>
        trouble.Trouble is StoreTrouble.Busy or StoreTrouble.NotYetSafe ? ExitCodes.TryAgain : ExitCodes.Unavailable;

    /// <summary>The outermost place: behind it there is only the runtime, which would print a stack with everything that it says.</summary>
    private static int RunGuarded(string[] arguments, Surroundings surroundings, CancellationToken cancellationToken)
    {
        try
        {
            return RunCommand(arguments, surroundings, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Fail(surroundings, ExitCodes.Interrupted, "interrupted; what was acknowledged before stands");
        }
        catch (Exception unexpected)
        {
            var (exitCode, sentence) = UnexpectedEnd.Of(unexpected);
            if (arguments.Contains("--verbose")) surroundings.Error.Write(UnexpectedEnd.Trace(unexpected));
            return Fail(surroundings, exitCode, sentence);
        }
    }

    private static int RunCommand(string[] arguments, Surroundings surroundings, CancellationToken cancellationToken)
    {
        if (RawArguments.Mangled(arguments, surroundings.RawArguments) is { } mangled) return Fail(surroundings, ExitCodes.Usage, mangled);
        CommandLine line;
        try
        {
            line = new CommandLine(SendmailArguments.Translate(arguments, surroundings.InvokedAs));
        }
        catch (CommandFailure unknown)
        {
            return Fail(surroundings, unknown.ExitCode, unknown.Message);
        }

        if (line.WantsHelp)
        {
            line.PrintHelp(surroundings.Output);
            return ExitCodes.Done;
        }

        if (line.WantsVersion) return PrintVersion(arguments, surroundings);
        if (line.Mistake() is { } mistake) return Fail(surroundings, ExitCodes.Usage, $"{mistake}; see nightmail {line.Verb?.Name}{(line.Verb is null ? "" : " ")}--help");
        if (line.Verb is not { } verb) return Fail(surroundings, ExitCodes.Usage, "what is to be done? see nightmail --help");
        Session? session = null;
        try
        {
            session = new(surroundings, line.Globals.Read(line.Words), verb.Reach, verb.Works);
            session.RequireReach(line.Path);

            // Asked for and not to be had: said before anything is done.
            if (session.Globals.Log is not null) _ = session.Log;
            return verb.RunAsync(line.Words, session, cancellationToken).GetAwaiter().GetResult();
        }
        catch (CommandFailure failure)
        {
            return Fail(surroundings, failure.ExitCode, failure.Message);
        }
        catch (ConfigException broken)
        {
            return Fail(surroundings, ExitCodes.Refused, broken.Message);
        }
        catch (StoreException trouble)
        {
            return Fail(surroundings, ExitCodeOf(trouble), trouble.Message);
        }
        finally
        {
            session?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static int Fail(Surroundings surroundings, int exitCode, string message)
    {
        surroundings.Error.Write($"nightmail: {Printing.Printable.OneLine(message)}\n");
        return exitCode;
    }

    private static int PrintVersion(string[] arguments, Surroundings surroundings)
    {
        var version = typeof(NightmailApp).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        surroundings.Output.Write(arguments.Contains("--json") ? $"{{\"version\":\"{version}\"}}\n" : $"nightmail {version}\n");
        return ExitCodes.Done;
    }
}
