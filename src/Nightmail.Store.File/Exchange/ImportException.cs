namespace Nightmail.Store.File.Exchange;

/// <summary>An export that cannot be taken. The message is one line: where in the file, and what is wrong there.</summary>
public sealed class ImportException(string message) : Exception(message)
{
    /// <summary>A mistake at a place of the file; both numbers count from 1.</summary>
    public static ImportException At(long line, int column, string what) => new($"line {line}, column {column}: {what}");
}
