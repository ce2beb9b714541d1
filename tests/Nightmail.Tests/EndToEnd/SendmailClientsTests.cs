using Nightmail.Core.Emails;
using Nightmail.Testing.EndToEnd;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>Programs that know only sendmail: what they hand over arrives whole, at the time that was asked for.</summary>
public sealed class SendmailClientsTests : IAsyncLifetime
{
    private AiosmtpdSink sink = null!;
    private Household home = null!;

    /// <summary>The program under the name sendmail.</summary>
    private string Sendmail => Path.Combine(home.Folder, "sendmail");

    public async ValueTask InitializeAsync()
    {
        sink = await AiosmtpdSink.StartAsync();
        home = Household.WithServer(sink.Port, further: "\"scheduler\": { \"persistence\": { \"queueFile\": \"../../queue.json\" } }");
        File.CreateSymbolicLink(Sendmail, NightmailProgram.Path);
    }

    public async ValueTask DisposeAsync()
    {
        await home.DisposeAsync();
        await sink.DisposeAsync();
    }

    [Fact]
    public async Task Git_sends_its_patches()
    {
        await ShellAsync("""
            git init -q repository && cd repository
            git config user.name Ada && git config user.email ada@sender.example
            printf 'Grüße\n.\nline\n' > file && git add file && git commit -qm 'Add a file with a lone dot'
            git send-email -q --confirm=never --8bit-encoding=UTF-8 --suppress-cc=all --from='Ada <ada@sender.example>' --to=grace@recipient.example --cc=bob@recipient.example \
              --sendmail-cmd="$SENDMAIL -i --at 'in 1s'" HEAD~0 -1
            """);
        var message = await ArrivedAsync();
        message.Recipients.Order().ShouldBe(["bob@recipient.example", "grace@recipient.example"]);
        message.Header("Subject").ShouldBe("[PATCH] Add a file with a lone dot");
        message.Text.ShouldContain("\r\n+.\r\n+line\r\n");
    }

    [Fact]
    public async Task Mutt_hands_over_a_letter_with_an_attachment_and_a_hidden_copy()
    {
        await ShellAsync("""
            printf 'attached\n' > notes.txt
            printf 'Good morning,\n.\nAda\n' | mutt -n -F /dev/null -e "set sendmail='$SENDMAIL -oem -oi'" -e 'set from=ada@sender.example' -e 'set use_from=yes' -e 'set copy=no' \
              -e 'my_hdr X-Send-At: in 1s' -s 'Lunch' -b secret@recipient.example -a notes.txt -- grace@recipient.example
            """);
        var message = await ArrivedAsync();
        message.Recipients.Order().ShouldBe(["grace@recipient.example", "secret@recipient.example"]);
        message.Text.ShouldNotContain("secret");
        message.Text.ShouldNotContain("X-Send-At");
        message.Text.ShouldContain("Good morning,\r\n.\r\nAda");
        message.Text.ShouldContain("notes.txt");
    }

    [Fact]
    public async Task S_nail_hands_over_a_letter()
    {
        await ShellAsync("""
            printf 'Good evening.\n' | s-nail -:/ -S v15-compat -S "mta=$SENDMAIL" -S from=ada@sender.example -S sendwait -s 'Dinner' grace@recipient.example
            """);
        var message = await ArrivedAsync();
        message.Recipients.ShouldBe(["grace@recipient.example"]);
        message.Header("Subject").ShouldBe("Dinner");
        message.Text.ShouldContain("Good evening.");
    }

    [Fact]
    public async Task Crons_way_of_calling_it_arrives()
    {
        await ShellAsync("""
            printf 'From: root (Cron Daemon)\nTo: ada\nSubject: Cron <ada@hut> backup\n\ndisk full\n' | "$SENDMAIL" -FCronDaemon -i -B8BITMIME -oem ada
            """);
        var message = await ArrivedAsync();
        message.Recipients.ShouldBe(["ada@sender.example"]);
        message.Header("From").ShouldBe("Cron Daemon <ada@sender.example>");
        message.Text.ShouldContain("disk full");
    }

    /// <summary>
    /// Debian's cron itself, in a mount namespace where its crontab and the machine's sendmail are this test's. It starts its jobs with the minute.
    /// </summary>
    [Fact]
    public async Task Debians_cron_mails_what_its_job_prints()
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root may run cron and make a mount namespace");
        await File.WriteAllTextAsync(Path.Combine(home.Folder, "mta"), $"#!/bin/sh\nexport XDG_CONFIG_HOME='{home.Folder}/config'\nexec '{Sendmail}' \"$@\"\n", TestContext.Current.CancellationToken);
        var cron = home.StartOther("/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", $"""
            chmod 700 '{home.Folder}/mta'
            mount -t tmpfs none /var/spool
            mount -t tmpfs none /run
            mkdir -p /var/spool/cron/crontabs
            chmod 1730 /var/spool/cron/crontabs
            printf 'MAILTO=ada\n* * * * * echo "disk full"\n' > /var/spool/cron/crontabs/root
            chmod 600 /var/spool/cron/crontabs/root
            mount --bind '{home.Folder}/mta' /usr/sbin/sendmail
            exec /usr/sbin/cron -f
            """);
        await home.WaitForAsync(rows => rows.Count > 0 || cron.HasExited);
        cron.Signal("TERM");
        await cron.WaitAsync();
        (await home.RunAsync("run", "--until-empty")).ExitCode.ShouldBe(0);
        var message = sink.Messages()[0];
        message.Recipients.ShouldBe(["ada@sender.example"]);
        message.Header("Subject").ShouldNotBeNull().ShouldContain("disk full");
        message.Header("From").ShouldBe("Cron Daemon <ada@sender.example>");
        message.Text.ShouldContain("\r\n\r\ndisk full\r\n");
    }

    private async Task ShellAsync(string script)
    {
        var result = await home.StartOther("/bin/sh", "-ec", $"export SENDMAIL='{Sendmail}' GIT_CONFIG_GLOBAL=/dev/null; cd '{home.Folder}'\n{script}").WaitAsync();
        result.ExitCode.ShouldBe(0, $"{result.Output}\n{result.Errors}");
    }

    private async Task<ReceivedMessage> ArrivedAsync()
    {
        (await home.RunAsync("run", "--until-empty")).ExitCode.ShouldBe(0);
        await home.WaitForAsync(rows => rows.Count == 1 && rows[0].Status == EmailStatus.Sent);
        return sink.Messages().ShouldHaveSingleItem();
    }
}
