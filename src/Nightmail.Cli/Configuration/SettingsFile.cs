using Nightmail.Core.Accounts;

namespace Nightmail.Cli.Configuration;

/// <summary>Finds and loads the configuration file.</summary>
internal static class SettingsFile
{
    /// <summary>The settings of <paramref name="asked"/>, or of the usual place; the defaults where there is no file in the usual place.</summary>
    /// <exception cref="ConfigException">The file cannot be read or used, or the one that was asked for is not there.</exception>
    public static Settings Load(string? asked, Func<string, string?> variable)
    {
        var path = asked ?? Paths.Config(variable);
        byte[] content;
        try
        {
            content = File.ReadAllBytes(path);
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return asked is null ? SettingsReader.Defaults(variable) with { ExpectedFile = path } : throw new ConfigException($"{path}: there is no such file; write the configuration there, or leave --config away");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException($"{path}: {unreadable.Message.TrimEnd('.')}; make it a file that you can read");
        }

        var settings = SettingsReader.Read(path, content, variable);
        return settings.Accounts.Any(HasLiteralPassword) && OthersCanRead(path)
            ? settings with { Warnings = [.. settings.Warnings, $"{path} holds a password and others can read it: run chmod 600 {path}, or use passwordCommand"] }
            : settings;
    }

    private static bool OthersCanRead(string path) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != UnixFileMode.None;

    private static bool HasLiteralPassword(Account account) => account.Transport is TransportSettings.Smtp { Login.Password: var secret } && IsLiteral(secret);

    private static bool IsLiteral(SecretSource? secret) => secret switch
    {
        SecretSource.Literal => true,
        SecretSource.Refresh refresh => IsLiteral(refresh.RefreshToken) || IsLiteral(refresh.ClientSecret),
        _ => false,
    };
}
