using Nightmail.Core.Emails;
using Nightmail.Testing.EndToEnd;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.EndToEnd;

/// <summary>Himalaya as the way out of an account, of either generation, played by a script that behaves like it.</summary>
public sealed class HimalayaStubTests : IAsyncDisposable
{
    private readonly Household home = Household.WithAccounts("");

    /// <summary>Version 1 takes the message as its last arguments or line by line from standard input, and says so in a sentence.</summary>
    private const string Version1 = """
        [ "$1 $2" = "message send" ] || exit 64
        while IFS= read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done > "$OUT/message"
        echo "Message successfully sent!"
        """;

    /// <summary>Version 2 wants the account behind -a and takes the bytes as they are.</summary>
    private const string Version2 = """
        [ "$1 $2 $3 $4" = "message send -a hut" ] || exit 64
        cat > "$OUT/message"
        printf '{"message":"sent"}\n'
        """;

    public ValueTask DisposeAsync() => home.DisposeAsync();

    [Theory]
    [InlineData(1, "message send")]
    [InlineData(2, "message send -a hut")]
    public async Task A_message_arrives_whole_through_it(int generation, string arguments)
    {
        Install(generation == 1 ? Version1 : Version2);
        home.Configure($$"""
            "hut": { "from": "Ada <ada@hut.example>", "transport": { "type": "command", "command": "{{Program}} {{arguments}}" } }
            """);
        await ScheduleAndSendAsync();
    }

    [Fact]
    public async Task An_account_that_was_taken_over_from_its_configuration_works_as_it_is()
    {
        Install(Version1);
        var config = Path.Combine(home.Folder, "himalaya.toml");
        await File.WriteAllTextAsync(config, $"""
            [accounts.hut]
            default = true
            email = "ada@hut.example"
            display-name = "Ada"
            message.send.backend.type = "sendmail"
            message.send.backend.cmd = "{Program} message send"
            """, TestContext.Current.CancellationToken);
        var taken = await home.RunAsync("account", "import", "himalaya", config);
        taken.ExitCode.ShouldBe(0, taken.Errors);
        (await home.RunAsync("account", "test", "hut")).Output.ShouldContain(Program);
        await ScheduleAndSendAsync();
    }

    private string Program => Path.Combine(home.Folder, "himalaya");

    private async Task ScheduleAndSendAsync()
    {
        var scheduled = await home.RunAsync("schedule", "--to", "Grace <grace@example.net>", "--subject", "Grüße aus der Hütte", "--body", "Ein Satz.\n.\nUnd noch einer: 日本\n", "--at", "in 1s");
        scheduled.ExitCode.ShouldBe(0, scheduled.Errors);
        var sent = await home.RunAsync("run", "--until-empty");
        sent.ExitCode.ShouldBe(0, sent.Errors);
        await home.WaitForAsync(rows => rows.Single().Status == EmailStatus.Sent);
        var read = await home.StartOther("/usr/bin/python3", "-c",
            "import sys,email,email.policy; m=email.message_from_file(open(sys.argv[1]), policy=email.policy.default); sys.stdout.buffer.write((str(m['From'])+'|'+str(m['To'])+'|'+str(m['Subject'])+'|'+m.get_content()).encode())",
            Path.Combine(home.Folder, "message")).WaitAsync();
        read.Output.Trim().ShouldBe("Ada <ada@hut.example>|Grace <grace@example.net>|Grüße aus der Hütte|Ein Satz.\n.\nUnd noch einer: 日本");
    }

    private void Install(string script)
    {
        File.WriteAllText(Program, $"#!/bin/sh\nOUT='{home.Folder}'\n{script}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
