using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Nightmail.Testing;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Transports;

/// <summary>A refresh token that may be used once, and several who need an access token.</summary>
public sealed class RefreshTurnsTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("nightmail-turns-");

    private string TokenFile => Path.Combine(folder.FullName, "token");

    public RefreshTurnsTests() => File.WriteAllText(TokenFile, "r0\n");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Several_that_refresh_at_once_use_no_refresh_token_twice()
    {
        await using var endpoint = new RotatingTokenEndpoint();

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => new SecretReader(TimeProvider.System).ReadAsync(Source(endpoint.Address), CancellationToken.None))));

        endpoint.IsRevoked.ShouldBeFalse();
        results.Select(result => (result.Error, result.Warning)).Distinct().ShouldBe([(null, null)]);
        results.Select(result => result.Value).Order().ShouldBe(Enumerable.Range(1, 8).Select(number => $"a{number}"));
        (await File.ReadAllTextAsync(TokenFile)).ShouldBe($"{endpoint.Current}\n");
    }

    [Fact]
    public async Task Who_reaches_the_file_by_a_link_takes_turns_with_who_does_not()
    {
        var link = Path.Combine(folder.CreateSubdirectory("linked").FullName, "link");
        File.CreateSymbolicLink(link, TokenFile);
        using (await TakeAsync(TokenFile))
        {
            (await RefreshTokenLock.TakeAsync(link, TimeSpan.Zero, TimeProvider.System, CancellationToken.None)).ShouldBeNull();
        }

        (await TakeAsync(link)).ShouldNotBeNull().Dispose();
    }

    [Fact]
    public async Task A_turn_that_does_not_come_is_the_networks_fault_and_uses_no_token()
    {
        await using var endpoint = new RotatingTokenEndpoint();
        var time = new ManualTime();
        using var turn = await TakeAsync(TokenFile);

        var reading = new SecretReader(time).ReadAsync(Source(endpoint.Address), CancellationToken.None);
        (await Waiting.UntilAsync(() =>
        {
            time.Advance(TokenRefresher.TurnLimit);
            return reading.IsCompleted;
        })).ShouldBeTrue();

        var result = await reading;
        (result.Reason, result.Error).ShouldBe((AccountFaultReason.Network, "others have been using the refresh token of client nightmail for 60 s"));
        endpoint.Uses.ShouldBe(0);
    }

    [Fact]
    public async Task Who_gives_up_while_the_answer_is_on_its_way_still_stores_the_new_token()
    {
        var (asked, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var endpoint = new RotatingTokenEndpoint(_ =>
        {
            asked.SetResult();
            return go.Task;
        });
        using var giveUp = new CancellationTokenSource();

        var reading = new SecretReader(TimeProvider.System).ReadAsync(Source(endpoint.Address), giveUp.Token);
        await asked.Task.WaitAsync(NightmailProgram.Patience, TimeProvider.System);
        await giveUp.CancelAsync();
        go.SetResult();

        (await reading).Value.ShouldBe("a1");
        (await File.ReadAllTextAsync(TokenFile)).ShouldBe("r1\n");
    }

    [Fact]
    public async Task Who_gives_up_before_anything_was_sent_ends_at_once()
    {
        await using var endpoint = new RotatingTokenEndpoint();
        using var turn = await TakeAsync(TokenFile);
        using var giveUp = new CancellationTokenSource();

        var reading = new SecretReader(new ManualTime()).ReadAsync(Source(endpoint.Address), giveUp.Token);
        await giveUp.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => reading);
        endpoint.Uses.ShouldBe(0);
    }

    [Fact]
    public async Task What_a_killed_process_left_lets_nobody_read_the_new_token()
    {
        if (OperatingSystem.IsWindows()) return;
        var left = $"{TokenFile}.{Environment.ProcessId}.new";
        await File.WriteAllTextAsync(left, "half");
        File.SetUnixFileMode(left, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        await using var endpoint = new RotatingTokenEndpoint();

        (await new SecretReader(TimeProvider.System).ReadAsync(Source(endpoint.Address), CancellationToken.None)).Value.ShouldBe("a1");

        File.GetUnixFileMode(TokenFile).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        folder.EnumerateFileSystemInfos().Select(file => file.Name).Order().ShouldBe(["token", "token.lock"]);
    }

    private static Task<RefreshTokenLock?> TakeAsync(string path) => RefreshTokenLock.TakeAsync(path, NightmailProgram.Patience, TimeProvider.System, CancellationToken.None);

    private SecretSource.Refresh Source(Uri endpoint) => new() { TokenEndpoint = endpoint, ClientId = "nightmail", RefreshToken = new SecretSource.File(TokenFile) };
}
