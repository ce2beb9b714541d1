using Nightmail.Bench.Measuring;

namespace Nightmail.Bench.Yardsticks;

/// <summary>Postfix's smtp-source: a C program that only sends, without queue, disk or composing.</summary>
internal static class SmtpSource
{
    private const string Program = "/usr/sbin/smtp-source";

    /// <summary>Sends so many messages over so many sessions, each used again and again.</summary>
    /// <returns>Messages a second.</returns>
    public static async Task<double> RateAsync(int port, int sessions, int messages, int bytes)
    {
        var (milliseconds, _) = await WholeProcess.RunAsync(Program,
            ["-d", "-s", $"{sessions}", "-m", $"{messages}", "-l", $"{bytes}", "-f", "ada@example.org", "-t", "grace@example.org", $"inet:127.0.0.1:{port}"]);
        return messages / (milliseconds / 1000);
    }
}
