using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Remote;

/// <summary>Edits over a server: of many editors none writes over what another has saved.</summary>
public sealed class RemoteEditTests
{
    private const int Rounds = 6;

    [Fact]
    public async Task Of_two_editors_who_save_at_once_nobody_loses_what_the_other_saved()
    {
        await using var world = await RemoteWorld.StartAsync();
        await world.AddAccountAsync();
        using var other = new CliWorld().With("NIGHTMAIL_SERVER", world.Url).With("NIGHTMAIL_API_KEY", world.Key);
        for (var round = 0; round < Rounds; round++)
        {
            var id = (await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Hello", "--body", "Good morning", "--at", "tomorrow 9:00")).Id;
            (CliWorld Home, string Line)[] editors = [(world.Home, "one was here"), (other, "two was here")];

            var results = await Task.WhenAll(editors.Select(editor => Task.Run(() => Editing(editor.Home, editor.Line).RunAsync("edit", id))));

            var text = (await world.RunAsync("show", id, "--raw")).Output;
            results.ShouldContain(result => result.ExitCode == 0);
            for (var index = 0; index < editors.Length; index++)
            {
                if (results[index].ExitCode == 0) text.ShouldContain(editors[index].Line);
                else results[index].Error.ShouldContain("is left as it is");
            }
        }
    }

    [Fact]
    public async Task A_change_of_what_somebody_has_changed_since_it_was_read_is_refused()
    {
        await using var world = await RemoteWorld.StartAsync();
        await world.AddAccountAsync();
        var id = EmailId.Parse((await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Hello", "--body", "Hi", "--at", "tomorrow 9:00")).Id);
        await using var queue = world.Queue();
        var seen = (await queue.FindAsync(id, CancellationToken.None))!;
        var first = new EmailChange.Edit(seen.Content with { Text = "first" }) { Seen = seen.LedgerLast };

        var saved = await queue.ChangeAsync(id, first, CancellationToken.None);
        var late = await queue.ChangeAsync(id, first with { Content = seen.Content with { Text = "late" } }, CancellationToken.None);
        var moved = await queue.ChangeAsync(id, new EmailChange.Reschedule(seen.ScheduledFor.AddHours(1), null) { Seen = seen.LedgerLast }, CancellationToken.None);
        var again = await queue.ChangeAsync(id, new EmailChange.Reschedule(seen.ScheduledFor.AddHours(1), null) { Seen = saved.Email!.LedgerLast }, CancellationToken.None);

        saved.Refusal.ShouldBeNull();
        (late.Refusal, late.Email!.Content.Text).ShouldBe((ChangeRules.ChangedSince, "first"));
        (moved.Refusal, moved.Email!.ScheduledFor).ShouldBe((ChangeRules.ChangedSince, seen.ScheduledFor));
        again.Refusal.ShouldBeNull();
    }

    [Fact]
    public async Task A_few_digits_of_an_id_open_the_email_with_all_that_it_says()
    {
        await using var world = await RemoteWorld.StartAsync();
        await world.AddAccountAsync();
        var id = (await world.RunAsync("schedule", "--to", "bob@example.org", "--subject", "Hello", "--body", "Good morning", "--at", "tomorrow 9:00")).Id;

        var edited = await Editing(world.Home, "and good night").RunAsync("edit", id[^6..]);

        edited.ExitCode.ShouldBe(0, edited.Error);
        (await world.RunAsync("show", id, "--raw")).Output.ShouldContain("Good morning\r\nand good night");
    }

    [Fact]
    public async Task A_few_digits_name_a_recipient_of_a_campaign_too()
    {
        await using var world = await RemoteWorld.StartAsync();
        await world.AddAccountAsync();
        var campaign = (await world.RunAsync("campaign", "create", "News", "--subject", "Hello", "--text", world.Home.Write("news.txt", "Dear {{name}}\n"), "--recipients", world.Home.Write("people.csv", "email,name\nbob@example.org,Bob\n"))).Id;
        await world.RunAsync("campaign", "schedule", campaign, "--at", "mon 8:00");
        var recipient = (await world.RecipientsAsync(campaign)).ShouldHaveSingleItem();

        (await world.RunAsync("why", recipient[^8..])).Output.ShouldContain("due");
        (await world.RunAsync("show", recipient[^8..], "--json")).Json().GetProperty("campaignId").GetString().ShouldBe(campaign);
        (await world.RunAsync("cancel", recipient[^8..])).Output.ShouldBe($"{recipient} cancelled\n");
        (await world.RunAsync("cancel", "ffffffffff")).ExitCode.ShouldBe(3);
    }

    /// <summary>The home with an editor that adds a line.</summary>
    private static CliWorld Editing(CliWorld home, string line)
    {
        var script = home.Write("editor.sh", $"printf '%s\\n' '{line}' >> \"$1\"\n");
        return home.With("EDITOR", $"sh {script}");
    }
}
