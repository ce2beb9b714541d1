using System.CommandLine;
using Nightmail.Cli.Configuration;
using Nightmail.Cli.Drafts;
using Nightmail.Cli.Printing;
using Nightmail.Cli.Sendmail;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Scheduling;
using Nightmail.Mail.Mime;

namespace Nightmail.Cli.Commands;

/// <summary><c>sendmail</c>: the interface by which every mail program can hand over a message.</summary>
internal sealed class SendmailCommand : Verb
{
    private readonly Argument<string[]> addresses = new("ADDRESS") { Description = "A recipient", Arity = ArgumentArity.ZeroOrMore };
    private readonly Flag fromHeader = new("--recipients-from-header", "-t: to those that To, Cc and Bcc name too");
    private readonly Flag dots = new("--dots-end-nothing", "-i, -oi: a line with a single dot does not end the message");
    private readonly Option<string?> sender = Words.Text("--sender", "FROM", "-f: the sender of a message whose header names none");
    private readonly Option<string?> name = Words.Text("--name", "NAME", "-F: the sender's name, likewise");
    private readonly Option<string?> at = Words.At("When; without it what X-Send-At or Deferred-Delivery says in the header, and without those at once");
    private readonly Option<string?> account = Words.Text("--account", "NAME", "The account it must go through");

    /// <summary>The command.</summary>
    public SendmailCommand()
        : base(
            SendmailArguments.Name,
            "Takes a message on standard input as sendmail does, for programs that know only that. Started under the name sendmail, the program is this command.",
            "nightmail sendmail -t -i < letter.eml",
            "nightmail sendmail --at \"tomorrow 9:00\" ada@example.org < letter.eml",
            "git send-email --sendmail-cmd=\"nightmail sendmail -i --at 'mon 9:00'\" 0001-fix.patch")
    {
        Add(addresses);
        foreach (var option in (Option[])[fromHeader, dots, sender, name, at, account]) Add(option);
    }

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        var accounts = await session.RequireAccountsAsync(cancellationToken);
        var bytes = await InputFiles.ReadAsync("-", Name, InputFiles.MaxMessageSize, session.Surroundings, cancellationToken);
        if (!dots.IsSet(words)) bytes = SubmittedMessage.UpToDot(bytes);
        if (bytes.Length == 0) throw CommandFailure.Refused("sendmail: the message is empty");
        try
        {
            return await ScheduleAsync(bytes, words, accounts, session, cancellationToken);
        }
        catch (MessageInvalidException invalid)
        {
            throw CommandFailure.Refused($"sendmail: {invalid.Message}");
        }
    }

    private async Task<int> ScheduleAsync(byte[] bytes, ParseResult words, IReadOnlyList<Account> accounts, Session session, CancellationToken cancellationToken)
    {
        var own = Mailbox.TryParse(accounts.First(each => each.IsDefault).From, out var mailbox, out _) ? mailbox : throw CommandFailure.Refused("the default account has no address");
        var asked = (words.GetValue(addresses) ?? []).Select(address => SubmittedMessage.Qualify(address, own.Domain) ?? throw CommandFailure.Refused($"sendmail: \"{address}\" is not an address")).ToList();
        var message = SubmittedMessage.Complete(bytes, own.Domain, asked, user => accounts.Any(each => each.MaySend(user.ToString())) ? user : own with { DisplayName = user.DisplayName.Length > 0 ? user.DisplayName : user.LocalPart });
        var header = HeaderOf(message.Bytes);
        var (when, wish) = When(message, words, session);
        var extracts = fromHeader.IsSet(words);
        var content = new EmailContent
        {
            From = From(header, words, own, accounts),
            To = extracts ? [.. header.To.Select(Worded), .. asked] : asked,
            Cc = extracts ? [.. header.Cc.Select(Worded)] : [],
            Bcc = extracts ? [.. header.Bcc.Select(Worded)] : [],
            Subject = Printable.OneLine(header.Subject),
        };
        if (!content.AllMailboxes.Any()) throw CommandFailure.Usage("sendmail: nobody to send it to: name a recipient, or give -t for those in its header");

        var request = new ScheduleRequest
        {
            Content = content with { Eml = new("", message.Bytes.Length) }, ScheduledFor = when, Wish = wish, AtAsWorded = words.GetValue(at) ?? "",
            Account = words.GetValue(account), MessageId = header.MessageId, CreatedBy = session.Surroundings.UserAtHost(),
        };
        var scheduler = new Scheduler(session.Store, session.Surroundings.Time, accounts);
        if (scheduler.Check(request) is { } wrong) throw CommandFailure.Refused($"sendmail: {wrong.Field}: {wrong.Error}");
        using var whole = new MemoryStream(message.Bytes, writable: false);
        var kept = request with { Content = content with { Eml = await session.Blobs.AddAsync(whole, cancellationToken) } };
        return await scheduler.ScheduleAsync(kept, cancellationToken) switch
        {
            ScheduleResult.Scheduled scheduled => Print(scheduled.Email, session),
            ScheduleResult.NotYetSafe doubtful => PrintNotYetSafe(doubtful, session),
            ScheduleResult.Invalid invalid => throw CommandFailure.Refused($"sendmail: {invalid.Field}: {invalid.Error}"),
            var other => throw new InvalidOperationException($"unknown result {other.GetType().Name}"),
        };
    }

    /// <summary>The sender: what the header says; without it what was asked for, as far as an account may send as that.</summary>
    private string? From(EmlHeader header, ParseResult words, Mailbox own, IReadOnlyList<Account> accounts)
    {
        if (header.From is [var written, ..]) return written.ToString();
        var address = words.GetValue(sender) is { } given && SubmittedMessage.Qualify(given, own.Domain) is { } full && accounts.Any(each => each.MaySend(full)) && Mailbox.TryParse(full, out var parsed, out _) ? parsed : own;
        return words.GetValue(name) is { Length: > 0 } named ? (address with { DisplayName = named }).ToString() : words.GetValue(sender) is null ? null : address.ToString();
    }

    private (DateTimeOffset Instant, Wish? Wish) When(Submission message, ParseResult words, Session session)
    {
        if ((words.GetValue(at) ?? message.SendAt) is not { } text) return (session.Now, null);
        // Mail programs write the time as a Date is written; a moment that has passed is sent at once, because nobody is there to ask.
        if (words.GetValue(at) is null && message.SendAtDate is { } date) return (date < session.Now ? session.Now : date, null);
        var understood = session.When(text, allowPast: words.GetValue(at) is null);
        return (understood.Instant, understood.Wish);
    }

    private static EmlHeader HeaderOf(byte[] bytes)
    {
        using var message = new MemoryStream(bytes, writable: false);
        return EmlReader.ReadHeader(message);
    }

    private static int Print(ScheduledEmail email, Session session)
    {
        session.Log.Write(LogLevel.Information, $"sendmail {email.Id}: {email.Status.Name()} for {JsonText.Time(email.ScheduledFor)}");
        // Silent as sendmail is: what calls it shows whatever it says to people who did not ask.
        if (session.Globals.Json) session.Surroundings.Output.Write($"{{\"id\":\"{email.Id}\",\"scheduledFor\":\"{JsonText.Time(email.ScheduledFor)}\"}}\n");
        else if (session.Globals.Verbose) session.Note($"{email.Id} {TimeWords.Explain(email.ScheduledFor, session.Zone, session.Now)}");
        return ExitCodes.Done;
    }

    private static int PrintNotYetSafe(ScheduleResult.NotYetSafe doubtful, Session session)
    {
        session.Note($"nightmail: {doubtful.Email.Id}: {doubtful.Trouble}; do not hand it over again");
        return ExitCodes.TryAgain;
    }

    private static string Worded(Mailbox mailbox) => mailbox.ToString();
}
