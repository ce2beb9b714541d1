using System.Diagnostics.CodeAnalysis;
using Nightmail.Core.Emails;

namespace Nightmail.Store.Sql.Sqlite.Transactions;

/// <summary>The emails in the hands of the writing thread; those that are being sent are kept in view, because everything asks for them.</summary>
internal sealed class SlotBook
{
    private readonly Dictionary<EmailId, RowSlot> slots = [];
    private readonly HashSet<RowSlot> sending = [];

    /// <summary>Emails under a claim, as far as requests have gone through.</summary>
    public IReadOnlyCollection<RowSlot> Sending => sending;

    /// <summary>How many of them have not begun.</summary>
    public int BeginsToCome
    {
        get
        {
            var count = 0;
            foreach (var slot in sending)
            {
                if (slot.Entries is not null && !slot.Ledger.HasBegun(slot.Current!.Attempts)) count++;
            }

            return count;
        }
    }

    /// <summary>The email's slot, if it has one.</summary>
    public bool TryGet(EmailId id, [NotNullWhen(true)] out RowSlot? slot) => slots.TryGetValue(id, out slot);

    /// <summary>Takes one in, in the place of another of the same email.</summary>
    public void Add(RowSlot slot)
    {
        slots[slot.Id] = slot;
        Accepted(slot);
    }

    /// <summary>A request that has changed it has gone through.</summary>
    public void Accepted(RowSlot slot)
    {
        if (slot.Current is { Status: EmailStatus.Sending }) sending.Add(slot);
        else sending.Remove(slot);
    }

    /// <summary>Lets go of one.</summary>
    public void Remove(RowSlot slot)
    {
        slots.Remove(slot.Id);
        sending.Remove(slot);
    }

    /// <summary>Lets go of every email that is not being sent.</summary>
    public void Trim()
    {
        foreach (var slot in slots.Values)
        {
            if (!sending.Contains(slot)) slots.Remove(slot.Id);
        }
    }

    /// <summary>Lets go of all.</summary>
    public void Clear()
    {
        slots.Clear();
        sending.Clear();
    }
}
