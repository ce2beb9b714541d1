using System.Globalization;
using System.Text;
using System.Text.Json;
using Nightmail.Testing.Smtp;

namespace Nightmail.Testing.Mime;

/// <summary>Python's <c>email</c> package as an independent reader of messages. One process reads as many as are wanted, one after the other.</summary>
public sealed class PythonMailReader : IAsyncDisposable
{
    private const string Python = "/usr/bin/python3";

    private readonly GuardedProcess process = GuardedProcess.Start(Python, ["-I", "-c", Script()]);

    /// <summary>What it understands of a message.</summary>
    /// <param name="message">All bytes, without dot-stuffing.</param>
    public async Task<ReadMail> ReadAsync(ReadOnlyMemory<byte> message)
    {
        using var patience = new CancellationTokenSource(GuardedProcess.Patience, TimeProvider.System);
        var input = process.Input.BaseStream;
        await input.WriteAsync(Encoding.ASCII.GetBytes(message.Length.ToString(CultureInfo.InvariantCulture) + "\n"), patience.Token);
        await input.WriteAsync(message, patience.Token);
        await input.FlushAsync(patience.Token);
        var line = await process.Output.ReadLineAsync(patience.Token) ?? throw new InvalidOperationException("python ended: " + process.Errors);
        return JsonSerializer.Deserialize(line, ReadMailJson.Default.ReadMail)!;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => process.DisposeAsync();

    private static string Script()
    {
        using var reader = new StreamReader(typeof(PythonMailReader).Assembly.GetManifestResourceStream("read_mail.py")!);
        return reader.ReadToEnd();
    }
}
