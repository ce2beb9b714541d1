using System.Text;
using Nightmail.Core.Emails;

namespace Nightmail.Mail.Mime;

/// <summary>
/// Writes one header field and folds it: a line ends before the blank whose word would go past column 78 (76 where encoded-words
/// stand, RFC 2047 section 2). A single word that is longer stays whole.
/// </summary>
internal sealed class FieldBuilder
{
    private const int LineLimit = 78;
    private const int EncodedLineLimit = 76;

    /// <summary>Blanks beyond this are encoded, so that a line never consists of them.</summary>
    private const int MaxBlanks = 20;

    /// <summary>The room in which an encoded-word is started rather than on the next line.</summary>
    private const int MinRoom = EncodedWords.MinLength + 8;

    /// <summary>Longest word that fits a line of its own.</summary>
    private const int MaxShortWord = 70;

    private readonly StringBuilder field;
    private readonly int start;
    private int column;
    private int limit = LineLimit;
    private bool hasWords;

    /// <summary>Starts the field of that name.</summary>
    public FieldBuilder(string name)
        : this(name, new())
    {
    }

    /// <summary>Starts the field of that name behind what is already there.</summary>
    public FieldBuilder(string name, StringBuilder header)
    {
        (field, start) = (header, header.Length);
        field.Append(name).Append(':');
        column = name.Length + 1;
    }

    /// <summary>Appends a word as it is, behind a blank at which the line may be folded. The first one is never folded away from the name: some readers keep that blank.</summary>
    public FieldBuilder Word(string word, string blank = " ")
    {
        if (column + blank.Length + word.Length > limit && hasWords) Fold();
        return Append(blank, word);
    }

    /// <summary>Appends ASCII text that a machine reads, unchanged, folded at its blanks.</summary>
    public FieldBuilder Structured(string text)
    {
        foreach (var (blank, word, _) in Split(text)) Word(word, hasWords ? blank : " ");
        return this;
    }

    /// <summary>Appends text as encoded-words, behind a blank at which the line may be folded.</summary>
    /// <param name="text">Any text; not empty.</param>
    /// <param name="blank">Stands before the first word and is no part of the text.</param>
    public FieldBuilder Encoded(string text, string blank = " ")
    {
        limit = EncodedLineLimit;
        var q = EncodedWords.PrefersQ(text);
        for (var position = 0; position < text.Length; blank = " ")
        {
            if (hasWords && limit - column - blank.Length < MinRoom) Fold();
            var word = EncodedWords.Next(text.AsSpan(position), Math.Max(MinRoom, limit - column - blank.Length), q, out var taken);
            Append(blank, word);
            position += taken;
        }

        return this;
    }

    /// <summary>
    /// Appends free text (RFC 5322 unstructured): words stay readable where they are ASCII; what is not, what looks like an
    /// encoded-word and what could not be folded is encoded, with the blanks between such words.
    /// </summary>
    public FieldBuilder Text(string text)
    {
        if (column + 1 + text.Length <= limit && IsPlain(text)) return Append(" ", text);
        var words = Split(text);
        if (words.Count > 0 && column + 1 + words[0].Word.Length > limit) words[0] = words[0] with { MustEncode = true };
        for (var index = 0; index < words.Count; index++)
        {
            var (blank, word, mustEncode) = words[index];
            if (index == 0) blank = " ";
            if (!mustEncode)
            {
                Word(word, blank);
                continue;
            }

            var run = new StringBuilder(index == 0 ? words[0].Blank : "").Append(word);
            for (; index + 1 < words.Count && words[index + 1].MustEncode; index++) run.Append(words[index + 1].Blank).Append(words[index + 1].Word);
            Encoded(run.ToString(), blank);
        }

        return this;
    }

    /// <summary>Appends mailboxes (RFC 5322 3.4), separated by commas; names quoted or encoded, domains as A-labels.</summary>
    public FieldBuilder Mailboxes(IReadOnlyList<Mailbox> mailboxes)
    {
        for (var index = 0; index < mailboxes.Count; index++)
        {
            var mailbox = mailboxes[index];
            var end = index == mailboxes.Count - 1 ? "" : ",";
            var address = mailbox.Address;
            if (mailbox.DisplayName.Length == 0)
            {
                Word(address + end);
                continue;
            }

            // All of it on this line, as it stands.
            if (column + mailbox.DisplayName.Length + address.Length + 5 <= limit && IsPlain(mailbox.DisplayName) && ReferenceEquals(Quoting.Phrase(mailbox.DisplayName), mailbox.DisplayName))
            {
                Append(" ", mailbox.DisplayName).Append(" <", address).Append(">", end);
                continue;
            }

            Name(mailbox.DisplayName);
            Word($"<{address}>{end}");
        }

        return this;
    }

    /// <summary>The field with its final CRLF.</summary>
    public string Finish() => field.Append("\r\n").ToString(start, field.Length - start);

    /// <summary>Ends the field, without giving it out.</summary>
    public void End() => field.Append("\r\n");

    private void Name(string name)
    {
        var phrase = Quoting.Phrase(name);
        // A quoted string can hold a control character, but a line end in it would begin a field of its own.
        if (name.AsSpan().ContainsAnyExceptInRange(' ', '~') || name.Contains("=?", StringComparison.Ordinal)) Encoded(name);
        else if (phrase[0] != '"' && phrase.Split(' ').All(word => word.Length <= MaxShortWord)) foreach (var word in phrase.Split(' ')) Word(word);
        else if (phrase.Length <= MaxShortWord) Word(phrase);
        else Encoded(name);
    }

    /// <summary>True for printable ASCII words with one blank between each two, none of which needs encoding.</summary>
    private static bool IsPlain(string text) =>
        text.Length is > 0 and <= MaxShortWord && text[0] != ' ' && text[^1] != ' ' && !text.AsSpan().ContainsAnyExceptInRange(' ', '~')
        && !text.Contains("  ", StringComparison.Ordinal) && !text.Contains("=?", StringComparison.Ordinal);

    private FieldBuilder Append(string blank, string word)
    {
        field.Append(blank).Append(word);
        column += blank.Length + word.Length;
        hasWords = true;
        return this;
    }

    private void Fold()
    {
        field.Append("\r\n");
        column = 0;
    }

    /// <summary>The words, each with the blanks before it; blanks at either end of the text are part of a word that must be encoded.</summary>
    private static List<(string Blank, string Word, bool MustEncode)> Split(string text)
    {
        var words = new List<(string Blank, string Word, bool MustEncode)>();
        for (var position = 0; position < text.Length;)
        {
            var blankAt = position;
            while (position < text.Length && text[position] == ' ') position++;
            var wordAt = position;
            while (position < text.Length && text[position] != ' ') position++;
            words.Add((text[blankAt..wordAt], text[wordAt..position], MustEncode(text.AsSpan(wordAt, position - wordAt)) || (blankAt == 0 && wordAt > 0)));
        }

        for (var index = 1; index < words.Count; index++)
        {
            if (words[index].Blank.Length <= MaxBlanks && words[index].Word.Length > 0) continue;
            words[index - 1] = words[index - 1] with { MustEncode = true };
            words[index] = words[index] with { MustEncode = true };
        }

        return words;
    }

    private static bool MustEncode(ReadOnlySpan<char> word) =>
        word.Length is 0 or > MaxShortWord || word.ContainsAnyExceptInRange('!', '~') || word.Contains("=?", StringComparison.Ordinal);
}
