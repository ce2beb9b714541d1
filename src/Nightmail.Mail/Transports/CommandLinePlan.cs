using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Mail.Mime;
using Nightmail.Mail.Smtp;

namespace Nightmail.Mail.Transports;

/// <summary>What a program is told about whom the message is for.</summary>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Accepted">Who gets the message if it succeeds.</param>
/// <param name="Refused">Who cannot be told to it, and why.</param>
internal sealed record Handover(IReadOnlyList<string> Arguments, IReadOnlyList<string> Accepted, IReadOnlyList<RecipientOutcome> Refused);

/// <summary>
/// Tells a program the recipients: as arguments, where its words have a place for them, and otherwise by the message itself. It must
/// neither leave anybody out nor send to anybody who has the message already.
/// </summary>
internal sealed class CommandLinePlan(TransportSettings.Command settings)
{
    private const string Recipients = "{recipients}";
    private const string From = "{from}";

    private static readonly string[] RecipientFields = ["To", "Cc", "Bcc"];

    /// <summary>Of these some programs take notice and some do not.</summary>
    private static readonly string[] ResentFields = ["Resent-To", "Resent-Cc", "Resent-Bcc"];

    /// <summary>Plans the run; may add to the message what only this program is to see.</summary>
    public async Task<Handover> MakeAsync(Envelope envelope, CommandFiles files, CancellationToken cancellationToken)
    {
        var (fit, refused) = (new List<string>(), new List<RecipientOutcome>());
        foreach (var address in envelope.Recipients)
        {
            if (Objection(address) is { } objection) refused.Add(new(address, Verdict.Bounced, objection));
            else fit.Add(address);
        }

        if (settings.Words.Contains(Recipients)) return new(Arguments(envelope.From, fit), fit, refused);
        return await ByMessageAsync(envelope, fit, refused, files, cancellationToken);
    }

    private async Task<Handover> ByMessageAsync(Envelope envelope, List<string> fit, List<RecipientOutcome> refused, CommandFiles files, CancellationToken cancellationToken)
    {
        var header = await files.HeaderAsync(cancellationToken);
        var named = Named(header);
        if (named is null || !fit.ToHashSet(StringComparer.OrdinalIgnoreCase).IsSupersetOf(named))
        {
            var others = new Reply(0, null, "not sent: the program would take its recipients from the message, which names others too; write {recipients} into the account's command");
            return new([], [], [.. refused, .. fit.Select(address => new RecipientOutcome(address, Verdict.Deferred, others))]);
        }

        var arguments = Arguments(envelope.From, []);
        var hidden = fit.Where(address => !named.Contains(address)).ToList();
        if (hidden.Count == 0) return new(arguments, fit, refused);
        // Whoever knows -t knows Bcc, and takes it out before the message leaves the house. Of others nobody knows that.
        if (settings.Words.Skip(1).Any(word => word is "-t" or "-ti" or "-it" or "--read-recipients"))
        {
            await files.PrependAsync($"Bcc: {string.Join(",\r\n ", hidden)}\r\n", cancellationToken);
            return new(arguments, fit, refused);
        }

        var unnamed = new Reply(0, null, "not sent: a recipient that the message does not name cannot be told to this program; write {recipients} into the account's command");
        return new(arguments, [.. fit.Except(hidden)], [.. refused, .. hidden.Select(address => new RecipientOutcome(address, Verdict.Bounced, unnamed))]);
    }

    /// <summary>The recipients that the message names; null where programs may read it differently.</summary>
    private static HashSet<string>? Named(HeaderSection header)
    {
        if (ResentFields.SelectMany(header.Named).Any()) return null;
        var named = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in RecipientFields.SelectMany(header.Named))
        {
            if (!Mailbox.TryParseList(field.Value, out var mailboxes, out _)) return null;
            named.UnionWith(mailboxes.Select(mailbox => mailbox.Address));
        }

        return named;
    }

    private List<string> Arguments(string from, IReadOnlyList<string> recipients) => [.. settings.Words.Skip(1).SelectMany(word => word switch
    {
        Recipients => recipients,
        // Nobody, for a message that must not bounce; and what looks like an option is none.
        From => [from.Length > 0 && Objection(from) is null ? from : "<>"],
        _ => (IReadOnlyList<string>)[word],
    })];

    private static Reply? Objection(string address)
    {
        if (!SmtpAddress.TryWrite(address, out _, out var international)) return new(553, "5.1.3", "not sent: this is no mail address");
        if (international) return new(553, "5.6.7", "not sent: the address is international, which a program cannot be told");
        return address[0] == '-' ? new(553, "5.1.3", "not sent: an address that begins like an option cannot be given to a program") : null;
    }
}
