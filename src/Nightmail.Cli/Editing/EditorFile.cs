using System.ComponentModel;
using System.Diagnostics;
using Nightmail.Cli.Configuration;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Disk;

namespace Nightmail.Cli.Editing;

/// <summary>The file in which a person edits an email. Nobody else can read it; it stays when what is in it could not be taken.</summary>
internal sealed class EditorFile
{
    /// <summary>What every system has.</summary>
    private const string DefaultEditor = "vi";

    private readonly Surroundings surroundings;
    private readonly IReadOnlySet<string> secrets;

    /// <summary>A file of its own for that email, with that content.</summary>
    /// <param name="id">The email.</param>
    /// <param name="content">What the file holds at first.</param>
    /// <param name="secrets">Variables that the editor, and whatever it starts, is not to inherit.</param>
    /// <param name="surroundings">The person's terminal and variables.</param>
    /// <exception cref="CommandFailure">It cannot be written.</exception>
    public EditorFile(EmailId id, byte[] content, IReadOnlySet<string> secrets, Surroundings surroundings)
    {
        (this.secrets, this.surroundings) = (secrets, surroundings);
        var folder = Path.Combine(Paths.State(surroundings.Variable), "edits");
        FilePath = Path.Combine(folder, $"{id}-{surroundings.Time.GetUtcNow().ToUnixTimeMilliseconds():x}-{RealDisk.Instance.ProcessId}-{RealDisk.Instance.NextNumber()}.eml");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
            RealDisk.Instance.CreateFolder(folder);
            using var file = RealDisk.Instance.CreateNew(FilePath);
            file.Write(content);
        }
        catch (Exception unwritable) when (unwritable is StoreException or IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Refused($"the text to edit cannot be put into a file: {unwritable.Message.TrimEnd('.')}");
        }
    }

    /// <summary>Where it is.</summary>
    public string FilePath { get; }

    /// <summary>Has the person edit it, in this terminal, and reads what they made of it.</summary>
    /// <exception cref="CommandFailure">The editor could not be run, or said that it failed; what was written stays in the file.</exception>
    public async Task<byte[]> EditAsync(CancellationToken cancellationToken)
    {
        var editor = Editor();
        // The shell splits and expands the words as the person's own shell would. What the editor prints is no data of ours.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (var word in (string[])["-c", $"{editor} \"$@\"{(surroundings.OutputIsTerminal ? "" : " >&2")}", editor, FilePath]) start.ArgumentList.Add(word);
        foreach (var name in secrets) start.Environment.Remove(name);

        // An interrupt in the terminal is meant for the editor.
        using var deaf = surroundings.OnStopSignal(() => { });
        try
        {
            using var process = Process.Start(start)!;
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0) throw CommandFailure.Refused($"the editor ({editor}) ended with {process.ExitCode}; nothing was changed{(process.ExitCode == 127 ? ": set VISUAL or EDITOR to one that is there" : "")}");
            return await File.ReadAllBytesAsync(FilePath, cancellationToken);
        }
        catch (Exception failed) when (failed is Win32Exception or IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Refused($"the editor ({editor}) could not be run, or its file not be read: {failed.Message.TrimEnd('.')}");
        }
    }

    /// <summary>True when that, or nothing that can be read, is what it holds.</summary>
    public bool Holds(byte[] bytes)
    {
        try
        {
            return File.ReadAllBytes(FilePath).AsSpan().SequenceEqual(bytes);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>Removes it.</summary>
    public void Remove()
    {
        try
        {
            File.Delete(FilePath);
        }
        catch (Exception left) when (left is IOException or UnauthorizedAccessException)
        {
            surroundings.Error.Write($"{FilePath} could not be removed: {left.Message}\n");
        }
    }

    private string Editor() => Variable("VISUAL") ?? Variable("EDITOR") ?? DefaultEditor;

    private string? Variable(string name) => surroundings.Variable(name) is { } value && value.Trim().Length > 0 ? value : null;
}
