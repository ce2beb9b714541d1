using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Core.Storage;
using Nightmail.Testing;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Scheduling;

public sealed class SchedulerTests : IAsyncDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 12, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly Account Work = new() { Name = "work", From = "Ada <ada@example.org>", MaySendAs = ["*@lovelace.example"], IsDefault = true, Transport = new TransportSettings.Folder("out") };
    private static readonly Account Hut = new() { Name = "hut", From = "ada@hut.example", Transport = new TransportSettings.Folder("out") };

    private readonly AddingStore store = new();

    [Fact]
    public async Task A_request_becomes_a_pending_email_with_an_id_of_the_clock()
    {
        var wish = new Wish("2026-12-02T09:00:00", "Europe/Berlin", "2026f", Now.AddDays(1));
        var request = Request() with { Wish = wish, Account = "work", NotAfter = Now.AddDays(2), CreatedBy = "ada@hut", MessageId = "<own@example.org>" };
        var email = (await Schedule(request)).ShouldBeOfType<ScheduleResult.Scheduled>().Email;
        email.Id.ToString().ShouldStartWith($"email_{Now.ToUnixTimeMilliseconds():x12}");
        email.ShouldBe(new ScheduledEmail
        {
            Id = email.Id,
            Content = request.Content,
            ScheduledFor = request.ScheduledFor,
            Wish = wish,
            CreatedAt = Now,
            LastModified = Now,
            Account = "work",
            NotAfter = Now.AddDays(2),
            CreatedBy = "ada@hut",
            MessageId = "<own@example.org>",
            Recipients = email.Recipients,
        });
        store.Added.ShouldHaveSingleItem().ShouldBe(email);
    }

    public static TheoryData<string, string, ScheduleRequest> WrongRequests()
    {
        var content = Request().Content;
        var rows = new TheoryData<string, string, ScheduleRequest>
        {
            { "to", "no recipient", With(content with { To = [] }) },
            { "to", "'ada' is no address", With(content with { To = ["ada"] }) },
            { "cc", "is no address", With(content with { Cc = ["a@b.example\r\nBcc: eve@example.org"] }) },
            { "bcc", "is no address", With(content with { Bcc = ["a@b.example, c@d.example"] }) },
            { "to", "the most is 1000", With(content with { To = [.. Enumerable.Range(0, 1001).Select(n => $"a{n}@example.org")] }) },
            { "from", "is no address", With(content with { From = "Ada" }) },
            { "subject", "line break", With(content with { Subject = "Hello\nBcc: eve@example.org" }) },
            { "subject", "line break", With(content with { Subject = "Hello\0" }) },
            { "subject", "unpaired surrogate", With(content with { Subject = "Hello \ud83d" }) },
            { "subject", "a header line holds 998", With(content with { Subject = new string('x', 990) }) },
            { "subject", "the most is 16384", With(content with { Subject = string.Concat(Enumerable.Repeat("x ", 9_000)) }) },
            { "text", "attach it as a file", With(content with { Text = new string('x', 2_000_001) }) },
            { "html", "unpaired surrogate", With(content with { Html = "\udc00" }) },
            { "headers", "is no header name", With(content with { Headers = [new("X Y", "1")] }) },
            { "headers", "is no header name", With(content with { Headers = [new("X:Y", "1")] }) },
            { "headers", "is no header name", With(content with { Headers = [new("", "1")] }) },
            { "headers", "is no header name", With(content with { Headers = [new("Größe", "1")] }) },
            { "headers", "line break", With(content with { Headers = [new("X-A", "1\r\nX-B: 2")] }) },
            { "headers", "the recipients (--bcc)", With(content with { Headers = [new("bcc", "eve@example.org")] }) },
            { "headers", "a header line holds 998", With(content with { Headers = [new("X-A", new string('x', 994))] }) },
            { "headers", "the most is 200", With(content with { Headers = [.. Enumerable.Range(0, 201).Select(n => new HeaderField($"X-{n}", "1"))] }) },
            { "attachments", "line break", With(content with { Attachments = [new("a\nb.pdf", new("00", 1))] }) },
            { "attachments", "the most is 100,000,000", With(content with { Attachments = [new("a.pdf", new("00", 100_000_001))] }) },
            { "eml", "the most is 100,000,000", With(content with { Eml = new("00", 100_000_001) }) },
            { "notAfter", "is not later than its time", Request() with { NotAfter = Request().ScheduledFor } },
            { "notAfter", "has passed already", Request() with { ScheduledFor = Now.AddDays(-2), NotAfter = Now.AddDays(-1) } },
            { "scheduledFor", "the year must be", Request() with { ScheduledFor = DateTimeOffset.MinValue } },
            { "scheduledFor", "the year must be", Request() with { ScheduledFor = DateTimeOffset.MaxValue } },
            { "idempotencyKey", "1 to 255", Request() with { IdempotencyKey = "" } },
            { "idempotencyKey", "1 to 255", Request() with { IdempotencyKey = new string('k', 256) } },
            { "idempotencyKey", "1 to 255", Request() with { IdempotencyKey = "a\u0007" } },
            { "messageId", "is no Message-ID", Request() with { MessageId = "own@example.org" } },
            { "messageId", "is no Message-ID", Request() with { MessageId = "<a@b>\r\n" } },
            { "messageId", "is no Message-ID", With(content with { Headers = [new("Message-Id", "<a b@c>")] }) },
            { "account", "there is no account 'play'; there are: work, hut", Request() with { Account = "play" } },
            { "from", "account hut may not send as", With(content with { From = "ada@example.org" }) with { Account = "hut" } },
            { "from", "no account may send as", With(content with { From = "eve@example.com" }) },
        };
        return rows;
    }

    [Theory]
    [MemberData(nameof(WrongRequests))]
    public async Task A_request_that_cannot_be_sent_is_refused_with_the_field_and_nothing_is_kept(string field, string hint, ScheduleRequest request)
    {
        var invalid = (await Schedule(request)).ShouldBeOfType<ScheduleResult.Invalid>();
        invalid.Field.ShouldBe(field);
        invalid.Error.ShouldContain(hint);
        invalid.Error.Any(char.IsControl).ShouldBeFalse();
        store.Added.ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_accounts_or_without_a_default_one_it_says_what_to_do()
    {
        (await new Scheduler(store, new ManualTime(Now), []).ScheduleAsync(Request(), default)).ShouldBeOfType<ScheduleResult.Invalid>().Error.ShouldContain("account add");
        (await new Scheduler(store, new ManualTime(Now), [Hut]).ScheduleAsync(Request(), default)).ShouldBeOfType<ScheduleResult.Invalid>().Error.ShouldContain("--account");
        (await new Scheduler(store, new ManualTime(Now)).ScheduleAsync(Request(), default)).ShouldBeOfType<ScheduleResult.Scheduled>();
    }

    [Fact]
    public async Task What_real_letters_hold_is_taken()
    {
        var content = Request().Content with
        {
            From = "Ada <someone@lovelace.example>",
            To = ["\"Lovelace, Ada\" <ada@example.org>", "\"odd local\"@example.org", "jürgen@bücher.example"],
            Subject = $"Grüße 🎉 {string.Join(' ', Enumerable.Repeat("lang", 40))}",
            Headers = [new("References", string.Join(' ', Enumerable.Repeat("<1234567890@example.org>", 300))), new("X-Empty", "")],
            Text = "Zeile\r\n.\r\nohne Ende",
        };
        (await Schedule(With(content))).ShouldBeOfType<ScheduleResult.Scheduled>();
    }

    [Fact]
    public async Task A_message_id_among_the_headers_is_the_emails_own_and_stands_there_once()
    {
        var email = (await Schedule(With(Request().Content with { Headers = [new("X-A", "1"), new("message-id", " <own@example.org> ")] }))).ShouldBeOfType<ScheduleResult.Scheduled>().Email;
        email.MessageId.ShouldBe("<own@example.org>");
        email.Content.Headers.ShouldHaveSingleItem().Name.ShouldBe("X-A");
    }

    [Fact]
    public async Task The_same_words_are_the_same_request_though_they_name_another_instant()
    {
        var first = Request() with { IdempotencyKey = "key", AtAsWorded = "in 10m", NotAfterAsWorded = "in 1h", NotAfter = Now.AddDays(3) };
        (await HashOf(first)).ShouldBe(await HashOf(first with { ScheduledFor = first.ScheduledFor.AddSeconds(7), NotAfter = first.NotAfter!.Value.AddSeconds(7), CreatedBy = "eve@hut" }));
        (await HashOf(first)).ShouldNotBe(await HashOf(first with { AtAsWorded = "in 11m" }));
        (await HashOf(first)).ShouldNotBe(await HashOf(first with { AtAsWorded = null }));
        (await HashOf(first)).ShouldMatch("^[0-9a-f]{64}$");
    }

    [Fact]
    public async Task Every_other_difference_makes_another_request()
    {
        var content = Request().Content with { Cc = ["c@example.org"], Text = "text", Headers = [new("X-A", "1")], Attachments = [new("a.pdf", new("aa", 1))] };
        var hashes = new List<string>();
        foreach (var request in (ScheduleRequest[])
        [
            With(content), With(content) with { ScheduledFor = Now.AddDays(4) }, With(content) with { Account = "work" }, With(content) with { MessageId = "<a@b.example>" },
            With(content with { Text = null, Html = "text" }), With(content with { Subject = "tex" }), With(content with { Cc = [], Bcc = ["c@example.org"] }), With(content with { From = "x@lovelace.example" }),
            With(content with { To = ["ada@example.org", "c@example.org"], Cc = [] }), With(content with { Headers = [new("X-A1", "")] }), With(content with { Headers = [] }),
            With(content with { Attachments = [new("b.pdf", new("aa", 1))] }), With(content with { Attachments = [new("a.pdf", new("bb", 1))] }),
            With(content with { Attachments = [new("a.pdf", new("aa", 1)) { ContentId = "x" }] }), With(content with { Attachments = [] }), With(content with { Eml = new("cc", 1) }),
            // What one field ends with and the next begins with.
            With(content with { Subject = "a;b", Text = "c" }), With(content with { Subject = "a", Text = "b;c" }),
        ]) hashes.Add(await HashOf(request with { IdempotencyKey = "key" }));
        hashes.ShouldBeUnique();
    }

    [Fact]
    public async Task A_key_seen_before_gives_the_first_email_or_a_conflict()
    {
        var id = EmailId.New(new ManualTime());
        store.Answer = new AddResult.Existing(id, null);
        (await Schedule(Request())).ShouldBe(new ScheduleResult.Existing(id, null));
        store.Answer = new AddResult.KeyConflict(id);
        (await Schedule(Request())).ShouldBe(new ScheduleResult.KeyConflict(id));
    }

    [Theory]
    [InlineData("Example.ORG", "example.org")]
    [InlineData("bücher.example", "xn--bcher-kva.example")]
    [InlineData("[192.0.2.1]", "[192.0.2.1]")]
    [InlineData("", "nightmail.invalid")]
    [InlineData("a\r\nb", "nightmail.invalid")]
    public void A_message_id_comes_from_id_and_domain(string domain, string written)
    {
        var email = new ScheduledEmail { Id = EmailId.Parse("email_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b"), Content = Request().Content, ScheduledFor = Now, CreatedAt = Now };
        MessageIds.For(email, domain).ShouldBe($"<0193a1b2c3d47e5f8a9b0c1d2e3f4a5b@{written}>");
        MessageIds.For(email with { MessageId = "<own@x>" }, domain).ShouldBe("<own@x>");
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private static ScheduleRequest Request() => new()
    {
        Content = new() { To = ["ada@example.org"], Subject = "Hello" },
        ScheduledFor = Now.AddDays(1),
    };

    private static ScheduleRequest With(EmailContent content) => Request() with { Content = content };

    private ValueTask<ScheduleResult> Schedule(ScheduleRequest request) => new Scheduler(store, new ManualTime(Now), [Work, Hut]).ScheduleAsync(request, default);

    private async Task<string> HashOf(ScheduleRequest request) => (await Schedule(request)).ShouldBeOfType<ScheduleResult.Scheduled>().Email.IdempotencyKey!.RequestHash;

    /// <summary>A store that only takes emails.</summary>
    [Fact]
    public async Task An_email_that_is_kept_but_not_yet_safe_is_named()
    {
        store.Trouble = new(StoreTrouble.NotYetSafe, "the folder could not be synced");

        var kept = (await Schedule(Request())).ShouldBeOfType<ScheduleResult.NotYetSafe>();

        kept.Email.ShouldBe(store.Added.ShouldHaveSingleItem());
        kept.Trouble.ShouldBe("the folder could not be synced");
    }

    [Fact]
    public async Task Any_other_trouble_of_the_store_is_the_callers()
    {
        store.Trouble = new(StoreTrouble.Busy, "held by another");

        (await Should.ThrowAsync<StoreException>(async () => await Schedule(Request()))).ShouldBe(store.Trouble);
    }

    private sealed class AddingStore : IEmailStore
    {
        public List<ScheduledEmail> Added { get; } = [];

        public AddResult? Answer { get; set; }

        public StoreException? Trouble { get; set; }

        public TimeSpan SyncInterval => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<AddResult>> AddAsync(IReadOnlyList<ScheduledEmail> emails, CancellationToken cancellationToken)
        {
            Added.AddRange(emails);
            if (Trouble is not null) throw Trouble;
            return new([.. emails.Select(email => Answer ?? new AddResult.Added(email))]);
        }

        public ValueTask<IReadOnlyList<ImportResult>> ImportAsync(IReadOnlyList<ImportedEmail> emails, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<int> CleanUpAsync(TimeSpan retention, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ScheduledEmail?> FindAsync(EmailId id, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<ScheduledEmail>> ListAsync(EmailFilter filter, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<DateTimeOffset?> NextDueAsync(AccountCapacities capacities, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<Claim>> ClaimDueAsync(WorkerId owner, AccountCapacities capacities, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<MovedEmail>> ResolveWishesAsync(TimeZoneRules rules, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<ScheduledEmail>> ExpireAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<bool> RecordAsync(Claim claim, AttemptResult result, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<ChangeResult> ChangeAsync(EmailId id, EmailChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<ScheduledEmail>> RescueAsync(DoubtPolicy policy, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<AccountStanding>> AccountsAsync(IReadOnlyList<Account> accounts, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<bool> ResetAccountAsync(string account, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IDisposable OnAccountChanged(Action<AccountChange> callback) => throw new NotSupportedException();

        public ValueTask SetSendingPausedAsync(bool paused, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<StoreOverview> OverviewAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IWorkerPresence> EnterAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<WorkerDescription>> WorkersAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public IDisposable OnChanged(Action callback) => throw new NotSupportedException();

        public ValueTask<string?> BeginAsync(Claim claim, LedgerEntry entry, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask AppendOutcomeAsync(LedgerEntry entry, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
