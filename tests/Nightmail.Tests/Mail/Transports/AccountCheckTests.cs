using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Transports;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Transports;

/// <summary>What a look at an account finds before its first email would.</summary>
public sealed class AccountCheckTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task A_file_that_may_not_be_run_is_no_program()
    {
        var file = Path.Combine(folder.FullName, "mailer");
        await File.WriteAllTextAsync(file, "#!/bin/sh\n");
        (await CheckAsync(file)).Fault.ShouldBe(new AccountFault(AccountFaultReason.Configuration, $"{file} is no program that may be run"));

        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        (await CheckAsync(file)).Fault.ShouldBeNull();
        (await CheckAsync("nightmail-no-such-program")).Fault!.Words.ShouldBe("there is no program nightmail-no-such-program");
    }

    [Fact]
    public async Task It_looks_for_a_program_where_the_delivery_does() =>
        (await CheckAsync("sh")).Offers.ShouldBe([$"the program {ProgramPath.Find("sh")}; whether it can send shows only when it does"]);

    [Fact]
    public async Task A_signing_key_that_cannot_be_read_is_found()
    {
        var key = Path.Combine(folder.FullName, "no.pem");
        var fault = (await CheckAsync("sh", new("a.test", "mail", key))).Fault!;

        fault.Reason.ShouldBe(AccountFaultReason.Configuration);
        fault.Words.ShouldStartWith($"the signing key {key} cannot be used");
    }

    private static Task<AccountCheckResult> CheckAsync(string program, DkimSettings? dkim = null) => AccountCheck.RunAsync(
        new Account { Name = "a", From = "ada@a.test", Transport = new TransportSettings.Command { Words = [program] }, Dkim = dkim }, TimeProvider.System, new Random(1), CancellationToken.None);
}
