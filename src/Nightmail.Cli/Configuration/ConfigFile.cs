using Nightmail.Core.Accounts;

namespace Nightmail.Cli.Configuration;

/// <summary>The configuration file where a command changes it: read, checked, replaced.</summary>
internal sealed class ConfigFile
{
    private const UnixFileMode OnlyMine = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly Func<string, string?> variable;
    private byte[] content;

    private ConfigFile(string path, byte[] content, Func<string, string?> variable) => (Path, this.content, this.variable) = (path, content, variable);

    /// <summary>The file itself, where the configuration is a symbolic link to it.</summary>
    public string Path { get; }

    /// <summary>The file that a session uses, or that it would.</summary>
    public static ConfigFile Open(Session session)
    {
        var settings = session.Settings;
        var path = settings.File ?? settings.ExpectedFile;
        if (!File.Exists(path)) return new(path, [], session.Surroundings.Variable);
        if (File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target) path = target.FullName;
        return new(path, File.ReadAllBytes(path), session.Surroundings.Variable);
    }

    /// <summary>The accounts as the text says now.</summary>
    public IReadOnlyList<Account> Accounts => SettingsReader.Read(Path, content, variable).Accounts;

    /// <summary>Puts an account into the text.</summary>
    /// <exception cref="ConfigException">The result could not be used; the text stays as it was.</exception>
    public void Add(string name, Action<System.Text.Json.Utf8JsonWriter> write) => Take(ConfigEditor.WithAccount(Path, content, name, write));

    /// <summary>Takes an account out of the text.</summary>
    /// <returns>False when there is none of that name.</returns>
    public bool Remove(string name)
    {
        if (ConfigEditor.WithoutAccount(Path, content, name) is not { } without) return false;
        Take(without);
        return true;
    }

    /// <summary>Replaces the file. A new one is nobody else's to read, because it may come to hold a password.</summary>
    /// <exception cref="CommandFailure">It cannot be written.</exception>
    public void Save()
    {
        var temporary = $"{Path}.{Environment.ProcessId}.tmp";
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = File.Exists(Path) ? File.GetUnixFileMode(Path) : OnlyMine;
            using (var file = new FileStream(temporary, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, Path, overwrite: true);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            File.Delete(temporary);
            throw CommandFailure.Refused($"cannot write {Path}: {failed.Message.TrimEnd('.')}; nothing was changed");
        }
    }

    private void Take(byte[] changed)
    {
        _ = SettingsReader.Read(Path, changed, variable);
        content = changed;
    }
}
