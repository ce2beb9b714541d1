using System.Text;
using Nightmail.Core.Emails;

namespace Nightmail.Testing.Mime;

/// <summary>Messages like those that people send, and awkward ones. The same bytes in every run.</summary>
public static class Corpus
{
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    /// <summary>The ten that every way out has to carry unharmed.</summary>
    public static IReadOnlyList<CorpusMessage> RealLooking { get; } =
    [
        Plain("non-ascii names and subject", new EmailContent
        {
            To = ["Jürgen Größe <juergen@example.org>", "\"Сидорова, Анна\" <anna@example.org>", "山田太郎 <taro@example.org>"],
            Cc = ["\"O'Brien, Pádraig\" <padraig@example.org>"],
            Subject = "Einladung zur Prüfung — приглашение, ご招待 🎉",
            Text = "Grüße aus Köln,\nпривет из Москвы,\n東京からこんにちは。\n",
        }),
        Plain("html and text", new EmailContent
        {
            To = ["ada@example.org"],
            Subject = "Your order has shipped",
            Text = "Hello Ada,\n\nyour order 4711 has left our house.\n\nThe shop\n",
            Html = "<html><body><p>Hello Ada,</p><p>your order <b>4711</b> has left our house. Größe: 42&nbsp;€</p><p>The shop</p></body></html>\n",
        }),
        With("pdf with a non-ascii name", new EmailContent
        {
            To = ["Accounts <accounts@example.org>"],
            Subject = "Rechnung März",
            Text = "Anbei die Rechnung.\n",
        }, new CorpusFile("Rechnung für Müller – März 2026 (Ξ αντίγραφο).pdf", Pdf())),
        new("inline image", new EmailContent
        {
            To = ["ada@example.org"],
            Subject = "With our logo",
            Text = "You see no logo here.\n",
            Html = "<p>Our logo: <img src=\"cid:logo.png\" alt=\"logo\"></p>\n",
            Attachments = [new CorpusFile("logo.png", Image()).ToAttachment("logo.png")],
        }, [new CorpusFile("logo.png", Image())]),
        With("5 MB attachment", new EmailContent
        {
            To = ["ada@example.org"],
            Subject = "The film",
            Text = "Five megabytes, as promised.\n",
        }, new CorpusFile("film.mp4", Noise(5 * 1024 * 1024 + 1))),
        Plain("60 recipients", new EmailContent
        {
            To = [.. Enumerable.Range(1, 40).Select(number => $"\"Guest {number}, table {number % 7}\" <guest{number}@example.org>")],
            Cc = [.. Enumerable.Range(41, 15).Select(number => $"Gäste Nummer {number} <guest{number}@example.org>")],
            Bcc = [.. Enumerable.Range(56, 5).Select(number => $"guest{number}@example.org")],
            Subject = "The wedding",
            Text = "You are all invited.\n",
        }),
        Plain("lines that start with dots", new EmailContent
        {
            To = ["ada@example.org"],
            Subject = "Dots",
            Text = ".\n..\n.dot\n\n. . .\n.\n\n.\nFrom here on no dots\n.",
        }),
        Plain("subject of 200 characters", new EmailContent
        {
            To = ["ada@example.org"],
            Subject = "Minutes of the meeting of the committee for the renovation of the reading room on the second floor, held in the old library, with a list of everything that was decided, deferred and forgotten that evening"[..200],
            Text = "See the subject.\n",
        }),
        Plain("quoted local part", new EmailContent
        {
            To = ["\"Ada Lovelace\" <\"ada lovelace\"@example.org>", "\"weird\\\"quote@home\"@example.org"],
            Subject = "Quoted",
            Text = "Some addresses are like that.\n",
        }),
        Plain("body without a final newline", new EmailContent
        {
            To = ["ada@example.org"],
            Subject = "No newline",
            Text = "The last line ends here",
        }),
    ];

    /// <summary>More that readers and writers have stumbled over.</summary>
    public static IReadOnlyList<CorpusMessage> Awkward { get; } =
    [
        Plain("emoji", new EmailContent { To = ["👩‍👩‍👧 Family <family@example.org>"], Subject = "👩‍👩‍👧‍👦🏳️‍🌈🇩🇪 " + string.Concat(Enumerable.Repeat("🎉", 40)), Text = "👍🏽\n" }),
        Plain("right to left", new EmailContent { To = ["דוד <david@example.org>"], Subject = "שלום עולם, مرحبا بالعالم (mixed with English) שלום", Text = "שלום\nمرحبا\n" }),
        Plain("empty body", new EmailContent { To = ["ada@example.org"], Subject = "", Text = "" }),
        Plain("one byte", new EmailContent { To = ["ada@example.org"], Subject = "x", Text = "x" }),
        Plain("one dot", new EmailContent { To = ["ada@example.org"], Subject = ".", Text = "." }),
        Plain("only a newline", new EmailContent { To = ["ada@example.org"], Subject = "n", Text = "\n" }),
        Plain("line of 998", new EmailContent { To = ["ada@example.org"], Subject = "998", Text = new string('x', 998) + "\n" }),
        Plain("line of 999", new EmailContent { To = ["ada@example.org"], Subject = "999", Text = new string('x', 999) + "\n" }),
        Plain("very long line", new EmailContent { To = ["ada@example.org"], Subject = "long", Text = string.Concat(Enumerable.Repeat("lang und länger ", 20_000)) }),
        Plain("body of 5 MB", new EmailContent { To = ["ada@example.org"], Subject = "5 MB", Text = string.Concat(Enumerable.Range(0, 70_000).Select(number => $"Zeile {number}, {(number % 3 == 0 ? "größer" : "plain")}, {new string('.', number % 97)}\n.\n")) }),
        Plain("body of one long word", new EmailContent { To = ["ada@example.org"], Subject = "word", Text = new string('ü', 100_000) }),
        Plain("line ends of every kind", new EmailContent { To = ["ada@example.org"], Subject = "ends", Text = "unix\nwindows\r\nmac\rtwo\n\nend\r\n" }),
        Plain("blanks at line ends", new EmailContent { To = ["ada@example.org"], Subject = "-- ", Text = "-- \nblank \ntab\t\n \nü \nü\t\n" }),
        Plain("nul and controls", new EmailContent { To = ["ada@example.org"], Subject = "bell \a tab\tescape \u001b", Text = "nul \0 bell \a form feed \f\n" }),
        Plain("blanks in the subject", new EmailContent { To = ["ada@example.org"], Subject = "  two before,  two within, " + new string(' ', 100) + "and three after   ", Text = "x\n" }),
        Plain("subject like an encoded-word", new EmailContent { To = ["\"=?utf-8?q?x?=\" <ada@example.org>"], Subject = "=?utf-8?q?not_encoded?= =?broken ?=", Text = "=?utf-8?q?x?= =20 =\n" }),
        Plain("subject without a blank", new EmailContent { To = ["ada@example.org"], Subject = new string('x', 2_000), Text = "x\n" }),
        Plain("html alone", new EmailContent { To = ["ada@example.org"], Subject = "html", Html = "<p>" + string.Concat(Enumerable.Repeat("ü=", 3_000)) + "</p>" }),
        Plain("international domains", new EmailContent { To = ["Bücher <ada@bücher.example>", "bob@例子.测试"], Subject = "idn", Text = "x\n" }),
        Plain("only bcc", new EmailContent { Bcc = ["ada@example.org"], Subject = "secret", Text = "x\n" }),
        Plain("long names", new EmailContent { To = [$"{new string('ü', 300)} <ada@example.org>", $"\"{string.Concat(Enumerable.Repeat("a, ", 100))}\" <bob@example.org>"], Subject = "names", Text = "x\n" }),
        Plain("extra headers", new EmailContent
        {
            To = ["ada@example.org"], Subject = "extra", Text = "x\n",
            Headers =
            [
                new("Reply-To", "\"Büro, Haus\" <büro@example.org>".Replace("büro@", "buero@")), new("List-Unsubscribe", "<https://example.org/u?token=" + new string('t', 120) + ">, <mailto:u@example.org>"),
                new("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"), new("X-Größe".Replace("ö", "oe").Replace("ß", "ss"), "größer als " + string.Concat(Enumerable.Repeat("viele Wörter ", 20)).Trim()),
                new("References", string.Join(' ', Enumerable.Range(1, 12).Select(number => $"<message-{number}@mail.example.org>"))),
            ],
        }),
        With("file names", new EmailContent { To = ["ada@example.org"], Subject = "names", Text = "x\n" },
            new CorpusFile("plain.txt", Encoding.UTF8.GetBytes("plain\n")), new CorpusFile("with blank.csv", Encoding.UTF8.GetBytes("a;b\r\nä;ö\r\n")),
            new CorpusFile("quote\"back\\slash;semi=.txt", [1]), new CorpusFile("noextension", [0, 255]), new CorpusFile("日本語のとても長いファイル名" + string.Concat(Enumerable.Repeat("長い", 50)) + ".docx", [2]),
            new CorpusFile(new string('l', 240) + ".zip", [3]), new CorpusFile("100% 'sure' * (1).html", Encoding.Latin1.GetBytes("<p>ü</p>")), new CorpusFile("🎉.png", Image()), new CorpusFile("empty.pdf", [])),
        With("invitation", new EmailContent { To = ["ada@example.org"], Subject = "Meeting", Text = "Please come.\n" },
            new CorpusFile("invite.ics", Encoding.UTF8.GetBytes("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Prüfung\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"))),
        With("nested message", new EmailContent { To = ["ada@example.org"], Subject = "Fwd", Text = "see below\n" },
            new CorpusFile("clean.eml", Encoding.ASCII.GetBytes("From: bob@example.org\r\nSubject: inner\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n.\r\ninner text\r\n"))),
        With("nested message that cannot travel as it is", new EmailContent { To = ["ada@example.org"], Subject = "Fwd", Text = "see below\n" },
            new CorpusFile("unix.eml", Encoding.UTF8.GetBytes("From: bob@example.org\nSubject: größer\n\ninner text"))),
        new("everything at once", new EmailContent
        {
            To = ["ada@example.org"], Subject = "Alles", Text = "Täxt\n", Html = "<img src='cid:logo.png'><img src=\"cid:zwei.png\">\n",
            Attachments = [new CorpusFile("logo.png", Image()).ToAttachment("logo.png"), new CorpusFile("a.bin", Noise(58)).ToAttachment(), new CorpusFile("zwei.png", Noise(57)).ToAttachment("zwei.png"), new CorpusFile("b.bin", Noise(57_001)).ToAttachment()],
        }, [new CorpusFile("logo.png", Image()), new CorpusFile("a.bin", Noise(58)), new CorpusFile("zwei.png", Noise(57)), new CorpusFile("b.bin", Noise(57_001))]),
    ];

    /// <summary>All of them.</summary>
    public static IEnumerable<CorpusMessage> All => RealLooking.Concat(Awkward);

    /// <summary>Bytes without a pattern, the same in every run.</summary>
    public static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private static CorpusMessage Plain(string name, EmailContent content) => new(name, content, []);

    private static CorpusMessage With(string name, EmailContent content, params CorpusFile[] files) =>
        new(name, content with { Attachments = [.. files.Select(file => file.ToAttachment())] }, files);

    private static byte[] Image() => Convert.FromBase64String(Pixel);

    private static byte[] Pdf() => [.. Encoding.ASCII.GetBytes("%PDF-1.4\n"), .. Noise(20_000), .. Encoding.ASCII.GetBytes("\n%%EOF\n")];
}
