namespace Nightmail.Cli.Configuration;

/// <summary>The configuration cannot be used. The message is one line: file, line, column, what is wrong, what to write instead.</summary>
internal sealed class ConfigException(string message) : Exception(message);
