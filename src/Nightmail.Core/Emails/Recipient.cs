namespace Nightmail.Core.Emails;

/// <summary>How far one recipient of an email is.</summary>
public enum RecipientStatus
{
    /// <summary>Not yet delivered to.</summary>
    Pending,

    /// <summary>A server took responsibility.</summary>
    Delivered,

    /// <summary>Refused for good.</summary>
    Rejected,

    /// <summary>May have it; not sent to again unless a person or the policy says so.</summary>
    InDoubt,
}

/// <summary>One recipient of one email: the bare address (<c>local@domain</c>), how far it is, and the server's last words about it.</summary>
public sealed record Recipient(string Address, RecipientStatus Status = RecipientStatus.Pending, string? Reply = null);
