using System.Diagnostics;
using Nightmail.Core.Accounts;
using Nightmail.Mail.Transports;
using Nightmail.Testing;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Transports;

public sealed class SecretReaderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("nightmail-secrets-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_literal_is_itself() => (await ReadAsync(new SecretSource.Literal("s é"))).ShouldBe(new("s é", null));

    [Theory]
    [InlineData("one\ntwo\n", "one")]
    [InlineData("one\r\ntwo", "one")]
    [InlineData("one", "one")]
    public async Task A_file_gives_its_first_line(string content, string secret)
    {
        var path = Path.Combine(folder, "secret");
        await File.WriteAllTextAsync(path, content);
        (await ReadAsync(new SecretSource.File(path))).ShouldBe(new(secret, null));
    }

    [Theory]
    [InlineData("echo one; echo two", "one")]
    [InlineData("printf '%s' 'o ne'", "o ne")]
    [InlineData("cat; echo one", "one")]
    [InlineData("echo one; head -c 1000000 /dev/zero", "one")]
    [InlineData("echo one; head -c 1000000 /dev/zero >&2", "one")]
    public async Task A_command_gives_the_first_line_it_prints(string command, string secret) =>
        (await ReadAsync(new SecretSource.Command(command))).ShouldBe(new(secret, null));

    [Theory]
    [InlineData("echo secret; echo 'it is locked' >&2; echo more >&2; exit 2", "the password command failed with exit code 2; run it in a shell to see what it says")]
    [InlineData("no-such-program-anywhere", "the password command names a program that is not there (exit code 127); run it in a shell to see what it says")]
    [InlineData("/dev/null", "the password command names a program that cannot be run (exit code 126); run it in a shell to see what it says")]
    [InlineData("true", "what the password command prints is empty or not set")]
    [InlineData("head -c 100000 /dev/zero | tr '\\0' x", "what the password command prints is longer than 65536 characters")]
    public async Task A_command_that_fails_says_why(string command, string error) =>
        (await ReadAsync(new SecretSource.Command(command))).ShouldBe(new(null, error));

    [Fact]
    public async Task What_is_not_there_is_named()
    {
        var path = Path.Combine(folder, "nothing");
        (await ReadAsync(new SecretSource.File(path))).Error!.ShouldContain(path);
        (await ReadAsync(new SecretSource.Environment("NIGHTMAIL_TEST_NOT_SET"))).ShouldBe(new(null, "the environment variable NIGHTMAIL_TEST_NOT_SET is empty or not set"));
        (await ReadAsync(new SecretSource.Environment("PATH"))).Value.ShouldBe(Environment.GetEnvironmentVariable("PATH"));
    }

    [Theory]
    [InlineData("echo one", "one", null)]
    [InlineData("printf one", "one", null)]
    [InlineData("printf locked >&2; exit 3", null, "the password command failed with exit code 3; run it in a shell to see what it says")]
    public async Task What_a_command_leaves_behind_holds_nobody_up(string command, string? secret, string? error)
    {
        var left = Path.Combine(folder, "left");
        try
        {
            (await ReadAsync(new SecretSource.Command($"sleep 1000 & echo $! > {left}; {command}"))).ShouldBe(new(secret, error));
        }
        finally
        {
            using var process = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(left)));
            process.Kill();
        }
    }

    [Fact]
    public async Task A_command_that_does_not_end_is_ended()
    {
        var time = new ManualTime();
        var started = Path.Combine(folder, "started");

        var reading = new SecretReader(time).ReadAsync(new SecretSource.Command($"echo $$ > {started}; sleep 1000"), CancellationToken.None);
        (await Waiting.UntilAsync(() => File.Exists(started) && new FileInfo(started).Length > 0)).ShouldBeTrue();
        time.Advance(SecretReader.CommandLimit);

        (await reading).ShouldBe(new(null, "the password command did not end within 60 s"));
        var process = int.Parse(await File.ReadAllTextAsync(started));
        (await Waiting.UntilAsync(() => !Directory.Exists($"/proc/{process}"))).ShouldBeTrue();
    }

    [Fact]
    public void A_secret_is_not_in_its_text()
    {
        new SecretResult("hush", null).ToString().ShouldNotContain("hush");
        new SecretSource.Literal("hush").ToString().ShouldNotContain("hush");
    }

    private static Task<SecretResult> ReadAsync(SecretSource source) => new SecretReader(TimeProvider.System).ReadAsync(source, CancellationToken.None);
}
