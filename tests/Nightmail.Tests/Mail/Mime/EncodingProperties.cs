using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Nightmail.Mail.Mime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Mime;

public sealed partial class EncodingProperties
{
    private static readonly Config Often = Config.QuickThrowOnFailure.WithMaxTest(2_000);

    /// <summary>Text of every kind: ASCII, blanks, what looks encoded, two, three and four bytes of UTF-8, controls.</summary>
    private static readonly Gen<string> Texts = Gen.OneOf(
            Gen.Choose(' ', '~').Select(code => ((char)code).ToString()),
            Gen.Elements(" ", "  ", "word", "=?utf-8?q?x?=", "=?", "?=", "_", "=", "ä", "ß", "ж", "ש", "語", "€", "😀", "👩‍👩‍👧", "\t", "\u0007", "\u007f"),
            Gen.Elements("plain words and more of them", new string('x', 80), new string(' ', 30), "größer als sonst"))
        .ListOf().Select(pieces => string.Concat(pieces));

    private static readonly Gen<byte[]> Bytes = Gen.OneOf(
            Gen.Choose(0, 255).Select(code => new[] { (byte)code }),
            Gen.Elements("\r\n", "\r", "\n", " \r\n", "\t", "=", ".", "text", new string('y', 100)).Select(Encoding.UTF8.GetBytes))
        .ListOf().Select(pieces => pieces.SelectMany(piece => piece).ToArray());

    [Fact]
    public void Free_text_is_read_back_from_a_header() =>
        Prop.ForAll(Texts.ToArbitrary(), text =>
        {
            var field = new FieldBuilder("Subject").Text(text).Finish();
            field.ShouldEndWith("\r\n");
            var lines = field[..^2].Split("\r\n");
            foreach (var line in lines)
            {
                line.ShouldNotBeNullOrWhiteSpace();
                line.ShouldAllBe(character => character >= ' ' && character <= '~');
                line.Length.ShouldBeLessThanOrEqualTo(line.Contains("=?utf-8?") ? 76 : 78);
            }

            lines.Skip(1).ShouldAllBe(line => line[0] == ' ');
            var value = string.Concat(lines)["Subject:".Length..];
            EncodedWords.Decode(value.Length == 0 ? "" : value[1..]).ShouldBe(text);
        }).Check(Often);

    [Fact]
    public void An_encoded_word_is_short_and_ends_with_a_whole_character() =>
        Prop.ForAll(Texts.ToArbitrary(), text =>
        {
            if (text.Length == 0) return;
            var field = new FieldBuilder("X").Encoded(text).Finish();
            var whole = new StringBuilder();
            foreach (var word in EncodedWord.Matches(field).Select(match => match.Value))
            {
                word.Length.ShouldBeLessThanOrEqualTo(75);
                var decoded = EncodedWords.Decode(word);
                decoded.ShouldNotContain('\ufffd');
                whole.Append(decoded);
            }

            whole.ToString().ShouldBe(text);
        }).Check(Often);

    [Fact]
    public void Quoted_printable_is_read_back() =>
        Prop.ForAll(Bytes.ToArbitrary(), bytes =>
        {
            var encoded = Encoding.Latin1.GetString(QuotedPrintable.Encode(bytes));
            foreach (var line in encoded.Split("\r\n"))
            {
                line.Length.ShouldBeLessThanOrEqualTo(76);
                line.ShouldAllBe(character => character == '\t' || (character >= ' ' && character <= '~'));
                if (line.Length > 0) line[^1].ShouldNotBeOneOf(' ', '\t');
            }

            DecodeQuotedPrintable(encoded).ShouldBe(bytes);
        }).Check(Often);

    [Fact]
    public void Base64_is_read_back_and_its_length_is_known_before() =>
        Prop.ForAll(Gen.Choose(0, 400).ToArbitrary(), length =>
        {
            var bytes = Testing.Mime.Corpus.Noise(length);
            var encoded = Encoding.ASCII.GetString(Base64Lines.Encode(bytes));
            encoded.Length.ShouldBe((int)Base64Lines.EncodedLength(length));
            encoded.Split("\r\n").ShouldAllBe(line => line.Length <= 76);
            Convert.FromBase64String(encoded).ShouldBe(bytes);
        }).Check(Often);

    [Fact]
    public void Line_ends_become_crlf_however_the_bytes_are_cut() =>
        Prop.ForAll(Bytes.Zip(Gen.Choose(1, 7)).ToArbitrary(), both =>
        {
            var (bytes, size) = both;
            var normaliser = new CrlfNormaliser();
            using var written = new MemoryStream();
            var output = new byte[16];
            for (var at = 0; at < bytes.Length; at += size)
                written.Write(output, 0, normaliser.Next(bytes.AsSpan(at, Math.Min(size, bytes.Length - at)), output));
            written.Write(output, 0, normaliser.End(output));
            var expected = Encoding.Latin1.GetString(bytes).Replace("\r\n", "\n").Replace('\r', '\n').Replace("\n", "\r\n");
            if (expected.Length > 0 && !expected.EndsWith("\r\n", StringComparison.Ordinal)) expected += "\r\n";
            Encoding.Latin1.GetString(written.ToArray()).ShouldBe(expected);
        }).Check(Often);

    [Fact]
    public void A_text_body_is_read_back_from_the_shortest_encoding() =>
        Prop.ForAll(Texts.ListOf().ToArbitrary(), lines =>
        {
            var text = string.Join("\r\n", lines);
            var body = TextBody.Of(text);
            var encoded = Encoding.ASCII.GetString(body.Bytes);
            var decoded = body.Encoding switch
            {
                "7bit" => body.Bytes,
                "quoted-printable" => DecodeQuotedPrintable(encoded),
                _ => Convert.FromBase64String(encoded),
            };
            Encoding.UTF8.GetString(decoded).ShouldBe(text.Length == 0 || text.EndsWith("\r\n", StringComparison.Ordinal) ? text : text + "\r\n");
            encoded.Split("\r\n").ShouldAllBe(line => line.Length <= 998);
            if (body.Encoding == "base64") body.Bytes.Length.ShouldBeLessThan(QuotedPrintable.Encode(decoded).Length);
        }).Check(Often);

    [Theory]
    [InlineData("=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße")]
    [InlineData("=?utf-8?b?R3LDvMOfZQ==?= aus =?utf-8?q?K=C3=B6ln?=", "Grüße aus Köln")]
    [InlineData("=?utf-8?q?a?= =?utf-8?q?b?=", "ab")]
    [InlineData("=?utf-8?b?R3LDvMOf?=\t=?utf-8?q?_und?=", "Grüß und")]
    [InlineData("=?utf-8?b?R3LD?= =?utf-8?b?vMOfZQ==?=", "Grüße")]
    [InlineData("=?iso-8859-1?q?M=FCller?= =?utf-8?q?=C3=BC?=", "Müllerü")]
    [InlineData("=?windows-1252?q?=80?=", "€")]
    [InlineData("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本")]
    [InlineData("=?utf-8*en?q?x?=", "x")]
    [InlineData("=?nobody-knows?q?x?= stays", "=?nobody-knows?q?x?= stays")]
    [InlineData("=?utf-8?x?y?= =?utf-8?q?=?= =?utf-8?q", "=?utf-8?x?y?= =?utf-8?q?=?= =?utf-8?q")]
    public void Encoded_words_of_others_are_read(string text, string expected) => EncodedWords.Decode(text).ShouldBe(expected);

    [Fact]
    public void Hostile_text_is_decoded_in_linear_time() =>
        EncodedWords.Decode(string.Concat(Enumerable.Repeat("=?utf-8?q?", 100_000))).Length.ShouldBe(1_000_000);

    [GeneratedRegex(@"=\?utf-8\?[qb]\?[^?\s]*\?=", RegexOptions.None, 1_000)]
    private static partial Regex EncodedWord { get; }

    private static byte[] DecodeQuotedPrintable(string encoded)
    {
        var joined = encoded.Replace("=\r\n", "");
        var bytes = new List<byte>();
        for (var index = 0; index < joined.Length; index++)
        {
            if (joined[index] != '=') bytes.Add((byte)joined[index]);
            else
            {
                bytes.Add(Convert.ToByte(joined.Substring(index + 1, 2), 16));
                index += 2;
            }
        }

        return [.. bytes];
    }
}
