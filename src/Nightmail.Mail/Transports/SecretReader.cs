using System.ComponentModel;
using System.Diagnostics;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Transports;

/// <summary>Reads secrets from where they lie. What it reads is in no message of its own.</summary>
public sealed class SecretReader
{
    /// <summary>How long a command may take: a person may have to unlock a keyring.</summary>
    public static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long a command that has ended is still listened to: what it printed is in the pipe already, and the pipe's end may never come,
    /// because a process that it left behind holds it.
    /// </summary>
    private static readonly TimeSpan Echo = TimeSpan.FromSeconds(2);

    /// <summary>Longest secret, in characters; an access token may have a few thousand.</summary>
    private const int MaxLength = 64 * 1_024;

    private readonly TimeProvider time;
    private readonly TokenRefresher tokens;

    /// <summary>A reader by that clock.</summary>
    public SecretReader(TimeProvider time)
    {
        this.time = time;
        tokens = new(this, time);
    }

    /// <summary>The secret, or one line that says why there is none.</summary>
    public async Task<SecretResult> ReadAsync(SecretSource source, CancellationToken cancellationToken)
    {
        try
        {
            return source switch
            {
                SecretSource.Literal literal => Checked(literal.Value, "the password in the configuration"),
                SecretSource.Environment(var variable) => Checked(Environment.GetEnvironmentVariable(variable), $"the environment variable {variable}"),
                SecretSource.File(var path) => Checked(await FirstLineAsync(path, cancellationToken), $"the first line of {path}"),
                SecretSource.Command(var commandLine) => await RunAsync(commandLine, cancellationToken),
                SecretSource.Refresh refresh => await tokens.FetchAsync(refresh, cancellationToken),
                _ => throw new ArgumentOutOfRangeException(nameof(source)),
            };
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or Win32Exception or NotSupportedException)
        {
            return new(null, $"the password cannot be read: {unreadable.Message}");
        }
    }

    private static SecretResult Checked(string? value, string place)
    {
        if (string.IsNullOrEmpty(value)) return new(null, $"{place} is empty or not set");
        return value.Length > MaxLength ? new(null, $"{place} is longer than {MaxLength} characters") : new(value, null);
    }

    /// <summary>The first line, read no further than a secret can be long.</summary>
    private static async Task<string?> FirstLineAsync(string path, CancellationToken cancellationToken)
    {
        using var reader = File.OpenText(path);
        var buffer = new char[MaxLength + 1];
        var count = await reader.ReadBlockAsync(buffer, cancellationToken);
        var text = new string(buffer, 0, count);
        var end = text.AsSpan().IndexOfAny('\r', '\n');
        return end < 0 ? text : text[..end];
    }

    /// <summary>What a shell means by the code.</summary>
    private static string Failed(int exitCode) => exitCode switch
    {
        127 => "names a program that is not there (exit code 127)",
        126 => "names a program that cannot be run (exit code 126)",
        _ => $"failed with exit code {exitCode}",
    };

    private async Task<SecretResult> RunAsync(string commandLine, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(CommandLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var reading = new CancellationTokenSource();
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", commandLine])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        try
        {
            process.StandardInput.Close();
            var output = new FirstLine(process.StandardOutput, MaxLength, reading.Token);
            // Read so that the command is not held up, and forgotten: a program that handles secrets may name one when it complains, and
            // our words go into logs and the queue.
            _ = new FirstLine(process.StandardError, maxLength: 0, reading.Token);
            await process.WaitForExitAsync(either.Token);
            if (process.ExitCode != 0) return new(null, $"the password command {Failed(process.ExitCode)}; run it in a shell to see what it says");
            if (!output.Whole.IsCompleted) await Task.WhenAny(output.Whole, Task.Delay(Echo, time, either.Token));
            return Checked(output.Text, "what the password command prints");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            return new(null, $"the password command did not end within {CommandLimit.TotalSeconds:0} s");
        }
        finally
        {
            await reading.CancelAsync();
            process.StandardOutput.Dispose();
            process.StandardError.Dispose();
        }
    }
}

/// <summary>A secret that was read, or why not.</summary>
public readonly record struct SecretResult(string? Value, string? Error)
{
    /// <summary>What kind of failure it is, where there is an error.</summary>
    public AccountFaultReason Reason { get; init; } = AccountFaultReason.Configuration;

    /// <summary>One line about what will go wrong later though there is a secret now; null: nothing.</summary>
    public string? Warning { get; init; }

    /// <summary>How long the secret is good for; null: nobody said.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>Never the value.</summary>
    public override string ToString() => Error ?? "***";
}
