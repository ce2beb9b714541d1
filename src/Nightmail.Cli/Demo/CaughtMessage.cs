namespace Nightmail.Cli.Demo;

/// <summary>A message that the mail catcher took.</summary>
/// <param name="At">When it had taken it.</param>
/// <param name="From">The envelope's sender.</param>
/// <param name="To">The envelope's recipients.</param>
/// <param name="Subject">The Subject as it stands in the header.</param>
/// <param name="Size">Bytes.</param>
internal sealed record CaughtMessage(DateTimeOffset At, string From, IReadOnlyList<string> To, string Subject, int Size);
