using FsCheck;
using FsCheck.Fluent;
using Nightmail.Mail.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

public sealed class DotStufferTests
{
    /// <summary>Few different bytes, so that every awkward neighbourhood occurs often.</summary>
    private static readonly Gen<byte[]> Text = Gen.Elements((byte)'.', (byte)'\r', (byte)'\n', (byte)'a').ArrayOf();

    [Theory]
    [InlineData("", "")]
    [InlineData(".", "..")]
    [InlineData("..\r\n", "...\r\n")]
    [InlineData("a\r\n.\r\n.b\r\nc.\r\n", "a\r\n..\r\n..b\r\nc.\r\n")]
    [InlineData("a\n.\n", "a\n..\n")]
    public void The_dot_that_begins_a_line_is_doubled(string message, string expected) =>
        System.Text.Encoding.ASCII.GetString(Stuffed(System.Text.Encoding.ASCII.GetBytes(message), 1000, 1000).Bytes).ShouldBe(expected);

    [Fact]
    public void Whatever_the_pieces_the_result_is_that_of_the_whole()
    {
        var pieces = Gen.Choose(1, 7);
        Prop.ForAll(
            (from text in Text from read in pieces from write in pieces select (text, read, write)).ToArbitrary(),
            given =>
            {
                var (bytes, endsInCrLf) = Stuffed(given.text, given.read, given.write);
                return bytes.SequenceEqual(Naive(given.text))
                    && endsInCrLf == (given.text.Length == 0 || (given.text.Length > 1 && given.text[^2] == '\r' && given.text[^1] == '\n'));
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(5_000));
    }

    [Fact]
    public void What_was_stuffed_never_holds_the_end_of_a_message() => Prop.ForAll(
        Text.ToArbitrary(),
        text => Stuffed(text, 3, 5).Bytes.AsSpan().IndexOf("\n.\r"u8) < 0 && Stuffed(text, 3, 5).Bytes.AsSpan().IndexOf("\n.\n"u8) < 0)
        .Check(Config.QuickThrowOnFailure.WithMaxTest(5_000));

    private static (byte[] Bytes, bool EndsInCrLf) Stuffed(byte[] text, int read, int write)
    {
        var stuffer = new DotStuffer();
        var result = new List<byte>();
        var room = new byte[write];
        for (var at = 0; at < text.Length; at += read)
        {
            var piece = text.AsSpan(at, Math.Min(read, text.Length - at));
            while (piece.Length > 0)
            {
                var written = stuffer.Stuff(piece, room, out var consumed);
                result.AddRange(room.AsSpan(0, written));
                piece = piece[consumed..];
            }
        }

        return ([.. result], stuffer.EndsInCrLf);
    }

    private static IEnumerable<byte> Naive(byte[] text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '.' && (i == 0 || text[i - 1] == '\n')) yield return (byte)'.';
            yield return text[i];
        }
    }
}
