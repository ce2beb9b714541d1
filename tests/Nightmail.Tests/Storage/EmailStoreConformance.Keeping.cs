using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Storage;

/// <summary>That one stays one, that it adds up, and that the bytes are kept.</summary>
public abstract partial class EmailStoreConformance
{
    [Fact]
    public async Task A_repeated_call_returns_the_first_email()
    {
        var first = await AddAsync(Keyed("k", "hash"));
        var again = (await world.Open().AddAsync([Keyed("k", "hash")], Cancel)).Single().ShouldBeOfType<AddResult.Existing>();
        again.Id.ShouldBe(first.Id);
        again.Email!.Id.ShouldBe(first.Id);
        (await store.ListAsync(new(), Cancel)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_key_of_another_request_is_refused()
    {
        var first = await AddAsync(Keyed("k", "hash"));
        (await store.AddAsync([Keyed("k", "other")], Cancel)).Single().ShouldBe(new AddResult.KeyConflict(first.Id));
        (await store.ListAsync(new(), Cancel)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_key_that_occurs_twice_in_one_call_makes_one_email()
    {
        var results = await store.AddAsync([Keyed("k", "hash"), Keyed("k", "hash")], Cancel);
        results[1].ShouldBeOfType<AddResult.Existing>().Id.ShouldBe(results[0].ShouldBeOfType<AddResult.Added>().Email.Id);
    }

    [Fact]
    public async Task A_key_survives_an_old_copy_and_an_edit()
    {
        await AddAsync(Given.Email(Time));
        var old = world.SaveRows();
        var first = await AddAsync(Keyed("k", "hash"));
        await store.ChangeAsync(first.Id, new EmailChange.Edit(first.Content with { Subject = "another" }), Cancel);
        (await store.AddAsync([Keyed("k", "hash")], Cancel)).Single().ShouldBeOfType<AddResult.Existing>().Id.ShouldBe(first.Id);
        world.RestoreRows(old);
        (await store.AddAsync([Keyed("k", "hash")], Cancel)).Single().ShouldBe(new AddResult.Existing(first.Id, null));
    }

    [Fact]
    public async Task A_key_is_forgotten_thirty_days_after_but_not_while_its_email_waits()
    {
        var done = await AddAsync(Keyed("done", "hash"));
        await store.ChangeAsync(done.Id, new EmailChange.Cancel(), Cancel);
        var waiting = await AddAsync(Keyed("waiting", "hash", TimeSpan.FromDays(60)));
        Time.Advance(TimeSpan.FromDays(31));
        (await store.AddAsync([Keyed("done", "hash")], Cancel)).Single().ShouldBeOfType<AddResult.Added>();
        (await store.AddAsync([Keyed("waiting", "hash")], Cancel)).Single().ShouldBeOfType<AddResult.Existing>().Id.ShouldBe(waiting.Id);
    }

    [Fact]
    public async Task A_beginning_or_an_end_names_the_emails_that_have_it()
    {
        var one = await AddAsync(Given.Email(Time));
        Time.Advance(TimeSpan.FromDays(1));
        var two = await AddAsync(Given.Email(Time));

        (await NamedAsync(one.Id.Unique[^8..].ToUpperInvariant())).ShouldBe([one.Id]);
        (await NamedAsync(two.Id.ToString()[..^6])).ShouldBe([two.Id]);
        (await NamedAsync(one.Id.Unique[..4])).ShouldBe([one.Id, two.Id], ignoreOrder: true);
        (await store.NamedAsync(one.Id.Unique[..4], 1, Cancel)).Count.ShouldBe(1);
        foreach (var nobody in (string[])["", "*", "%", "_", "0000000000", $"email_{one.Id.Unique[^8..]}", "' OR 1=1 --"]) (await NamedAsync(nobody)).ShouldBeEmpty(nobody);

        async Task<IEnumerable<EmailId>> NamedAsync(string part) => (await store.NamedAsync(part, 10, Cancel)).Select(email => email.Id);
    }

    [Fact]
    public async Task It_adds_up()
    {
        var random = new Random(7);
        for (var step = 0; step < 120; step++)
        {
            await AnyStepAsync(random);
            var overview = await store.OverviewAsync(Cancel);
            var rows = await store.ListAsync(new(), Cancel);
            overview.Counts.Values.Sum().ShouldBe(rows.Count);
            overview.TotalScheduled.ShouldBe(rows.Count);
            foreach (var group in rows.GroupBy(row => row.Status)) overview.Counts[group.Key].ShouldBe(group.Count());
        }
    }

    [Fact]
    public async Task Bytes_are_kept_as_they_were()
    {
        var blobs = world.BlobsOf(store);
        var bytes = Enumerable.Range(0, 300_000).Select(index => (byte)(index * 7)).ToArray();
        var blob = await blobs.AddAsync(new MemoryStream(bytes), Cancel);
        blob.Size.ShouldBe(bytes.Length);
        (await blobs.AddAsync(new MemoryStream(bytes), Cancel)).ShouldBe(blob);
        await using var open = world.BlobsOf(world.Open()).Open(blob);
        open.CanSeek.ShouldBeTrue();
        var read = new MemoryStream();
        await open.CopyToAsync(read, Cancel);
        read.ToArray().ShouldBe(bytes);
        open.Position = 5;
        open.ReadByte().ShouldBe(35);
        var email = await AddAsync(Given.Email(Time) with { Content = new() { To = ["a@example.net"], Attachments = [new("Übersicht.pdf", blob) { ContentType = "application/pdf" }], Eml = blob } });
        (await FindAsync(email.Id)).Content.Attachments.ShouldBe(email.Content.Attachments);
    }

    [Fact]
    public async Task An_email_whose_bytes_are_missing_is_not_taken()
    {
        var missing = new BlobRef(new string('a', 64), 5);
        var email = Given.Email(Time) with { Content = new() { To = ["a@example.net"], Attachments = [new("a.txt", missing)] } };
        await Should.ThrowAsync<StoreException>(async () => await store.AddAsync([Given.Email(Time), email], Cancel));
        (await store.ListAsync(new(), Cancel)).ShouldBeEmpty();
        Should.Throw<StoreException>(() => world.BlobsOf(store).Open(missing)).Trouble.ShouldBe(StoreTrouble.Unreadable);
    }

    [Fact]
    public async Task Every_part_of_an_email_is_kept()
    {
        var blob = await world.BlobsOf(store).AddAsync(new MemoryStream(Encoding.UTF8.GetBytes("%PDF")), Cancel);
        var email = Given.Email(Time, TimeSpan.FromMilliseconds(90_250)) with
        {
            Content = new()
            {
                From = "\"Lovelace, Ada\" <ada@example.org>", To = ["\"Doe, J\" <j@example.net>", "Grüße <g@example.net>"], Cc = ["a@example.net"], Bcc = ["b@example.net"],
                Subject = "Tab\t\"quoted\" \\ 🐈 \u2028", Text = "", Html = "<p>ü</p>", Headers = [new("X-One", "1"), new("X-One", "2")],
                Attachments = [new("a b.pdf", blob) { ContentType = "application/pdf", ContentId = "logo" }], Eml = blob,
            },
            Wish = new("2026-12-01T09:00:00", "Europe/Berlin", "2026f", Time.GetUtcNow()),
            Account = "work",
            NotAfter = Time.GetUtcNow().AddDays(2),
            MessageId = "<x@example.org>",
            CreatedBy = "ada@engine",
            IdempotencyKey = new("k", "h"),
        };
        var added = await AddAsync(email);
        Given.Words(added).ShouldBe(Given.Words(email));
        Given.Words((await world.Open().FindAsync(email.Id, Cancel))!).ShouldBe(Given.Words(email));
    }

    private ScheduledEmail Keyed(string key, string hash, TimeSpan wait = default) => Given.Email(Time, wait) with { IdempotencyKey = new(key, hash) };

    private async Task AnyStepAsync(Random random)
    {
        var rows = await store.ListAsync(new(), Cancel);
        var any = rows.Count > 0 ? rows[random.Next(rows.Count)] : null;
        EmailChange[] changes = [new EmailChange.Cancel(), new EmailChange.Pause(), new EmailChange.Resume(), new EmailChange.Retry(), new EmailChange.MarkSent()];
        switch (random.Next(4))
        {
            case 0:
                await AddAsync(Given.Email(Time));
                break;
            case 1 when any is not null:
                await store.ChangeAsync(any.Id, changes[random.Next(changes.Length)], Cancel);
                break;
            case 2:
                Time.Advance(TimeSpan.FromMinutes(random.Next(10)));
                await store.RescueAsync(DoubtPolicy.Hold, Cancel);
                break;
            default:
                if (await store.ClaimDueAsync(worker.Id, Given.Capacity(1), Cancel) is not [var claim, ..] || await store.BeginAsync(claim, Given.Begin(claim, Time), Cancel) is not null) break;
                Verdict[] verdicts = [Verdict.Delivered, Verdict.Bounced, Verdict.Deferred, Verdict.InDoubt];
                await store.RecordAsync(claim, Given.Result(claim, verdicts[random.Next(verdicts.Length)], Time), Cancel);
                break;
        }
    }
}
