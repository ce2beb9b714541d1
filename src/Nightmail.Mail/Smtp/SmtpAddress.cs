using System.Buffers;
using Nightmail.Core.Emails;

namespace Nightmail.Mail.Smtp;

/// <summary>Addresses as SMTP commands carry them. Nothing that was not read by the grammar reaches a command line.</summary>
internal static class SmtpAddress
{
    /// <summary>What needs neither quotes nor A-labels; nearly every address is made of these.</summary>
    private static readonly SearchValues<char> Plain =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~-.@");

    /// <summary>The address with its domain as A-labels.</summary>
    /// <param name="address">A bare address, without angle brackets.</param>
    /// <param name="wire">What goes between the angle brackets.</param>
    /// <param name="needsSmtpUtf8">True when only a server with SMTPUTF8 can take it.</param>
    /// <returns>False when it is no address.</returns>
    public static bool TryWrite(string address, out string wire, out bool needsSmtpUtf8)
    {
        wire = address;
        needsSmtpUtf8 = false;
        var at = address.IndexOf('@');
        if (at > 0 && at < address.Length - 1 && !address.AsSpan().ContainsAnyExcept(Plain) && !address.AsSpan(at + 1).Contains('@')) return true;
        if (!Mailbox.TryParse(address, out var mailbox, out _) || mailbox.DisplayName.Length > 0) return false;
        wire = mailbox.Address;
        needsSmtpUtf8 = mailbox.NeedsSmtpUtf8;
        return !wire.Any(char.IsControl);
    }
}
