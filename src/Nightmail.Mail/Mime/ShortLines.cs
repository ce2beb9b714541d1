using System.Text;
using Nightmail.Core.Delivery;

namespace Nightmail.Mail.Mime;

/// <summary>Header fields in lines that every server has to carry.</summary>
internal static class ShortLines
{
    /// <summary>The field as it came; folded anew at its blanks where a line of it is too long.</summary>
    public static ReadOnlyMemory<byte> Of(RawField field)
    {
        if (IsShort(field.Raw.Span)) return field.Raw;
        ReadOnlyMemory<byte> folded = Encoding.UTF8.GetBytes(new FieldBuilder(field.Name).Structured(field.Value.Replace('\t', ' ')).Finish());
        return IsShort(folded.Span) && field.Name.Length > 0
            ? folded
            : throw new MessageInvalidException($"line {field.Line}: the header '{field.Name}' has a word that no line of {TextBody.MaxLine} bytes can hold");
    }

    /// <summary>True when every line of the field fits.</summary>
    public static bool IsShort(ReadOnlySpan<byte> raw)
    {
        for (int end; (end = raw.IndexOf((byte)'\n')) >= 0; raw = raw[(end + 1)..])
        {
            if (end - 1 > TextBody.MaxLine) return false;
        }

        return true;
    }
}
