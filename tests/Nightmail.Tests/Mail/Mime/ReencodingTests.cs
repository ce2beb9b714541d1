using System.Text;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Testing.Mime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Mime;

/// <summary>Complete messages for servers that carry only ASCII.</summary>
public sealed class ReencodingTests
{
    private const string Head = "Date: Tue, 01 Dec 2026 09:00:00 +0100\r\nFrom: bob@example.org\r\nMessage-ID: <given@example.org>\r\n";
    private const string Mime = "MIME-Version: 1.0\r\n";
    private const string Plain8 = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";
    private const string PlainQuoted = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n";

    [Theory]
    // A text, whether or not anything said what it is.
    [InlineData(Mime + Plain8 + "\r\ngrößer = mehr als vorher \r\n", Mime + PlainQuoted + "\r\ngr=C3=B6=C3=9Fer =3D mehr als vorher=20\r\n")]
    [InlineData("\r\ngroß\r\n", Mime + PlainQuoted + "\r\ngro=C3=9F\r\n")]
    [InlineData("Content-Type: text/plain; charset=utf-8\r\n\r\nгод\r\n", "Content-Type: text/plain; charset=utf-8\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\n0LPQvtC0DQo=\r\n")]
    // Names and free text in the header; what is ASCII stays as it is.
    [InlineData("Subject: größer\r\nX-Plain:   as  it\tis\r\n\r\nplain\r\n", "Subject: =?utf-8?b?Z3LDtsOfZXI=?=\r\nX-Plain:   as  it\tis\r\n\r\nplain\r\n")]
    [InlineData("To: Grete Müller <grete@bücher.example>, =?utf-8?q?J=C3=BCrgen?= <j@example.org>,\r\n Team: eve@example.org;\r\n\r\nplain\r\n",
        "To: =?utf-8?q?Grete_M=C3=BCller?= <grete@xn--bcher-kva.example>,\r\n =?utf-8?q?J=C3=BCrgen?= <j@example.org>, eve@example.org\r\n\r\nplain\r\n")]
    // Parts: each by itself, what needs nothing stays, the last line end of a part belongs to the boundary.
    [InlineData(Mime + "Content-Type: multipart/mixed; boundary=\"a;b\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\npré\r\n--a;b\r\n" + Plain8 + "\r\nä\r\n--a;b\r\n\r\nplain\r\n--a;b\r\nContent-Type: application/json\r\nContent-Transfer-Encoding: binary\r\n\r\nгод\r\n--a;b--\r\népi\r\n",
        Mime + "Content-Type: multipart/mixed; boundary=\"a;b\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\r\n--a;b\r\n" + PlainQuoted + "\r\n=C3=A4\r\n--a;b\r\n\r\nplain\r\n--a;b\r\nContent-Type: application/json\r\nContent-Transfer-Encoding: base64\r\n\r\n0LPQvtC0\r\n--a;b--\r\n\r\n")]
    // A message within the message, in a digest without saying so.
    [InlineData(Mime + "Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: é\r\n\r\nü\r\n--d--\r\n",
        Mime + "Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: =?utf-8?b?w6k=?=\r\n" + Mime + PlainQuoted + "\r\n=C3=BC\r\n--d--\r\n")]
    // A boundary within another that it begins like, and one that a part never closes.
    [InlineData(Mime + "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=ab\r\n\r\n--ab\r\n\r\nx\r\n--a \r\n" + Plain8 + "\r\nä\r\n--a--\r\n",
        Mime + "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=ab\r\n\r\n--ab\r\n\r\nx\r\n--a \r\n" + PlainQuoted + "\r\n=C3=A4\r\n--a--\r\n")]
    public async Task What_is_beyond_ascii_is_encoded_and_the_rest_kept(string given, string expected) =>
        Encoding.UTF8.GetString(await AsciiAsync(Head + given)).ShouldBe(Head + expected);

    [Theory]
    [InlineData("To: 用户@example.org\r\n\r\nx\r\n", "its header 'To' names an international address")]
    [InlineData("Message-ID: <ü@example.org>\r\nReferences: <ä@example.org>\r\n\r\nx\r\n", "its header 'Message-ID' holds bytes above 127")]
    [InlineData("DKIM-Signature: v=1\r\n\r\nä\r\n", "it brings a DKIM signature, which would no longer be true")]
    [InlineData(Mime + "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n" + Plain8 + "\r\nä\r\n--s--\r\n", "its part 1 (text/plain) holds bytes above 127 and is signed")]
    [InlineData(Mime + "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\nContent-Description: ä\r\n\r\nx\r\n--s--\r\n", "its header 'Content-Description' holds bytes above 127 or lines of more than 998 bytes and is signed")]
    [InlineData(Mime + "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\nä\r\n--m\r\n\r\nx\r\n--m--\r\n--s--\r\n", "what stands between its parts holds bytes above 127")]
    [InlineData(Mime + "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nä\r\n", "its part 1 (text/plain) holds bytes above 127, although it says that it is encoded as base64")]
    [InlineData(Mime + "Content-Type: message/partial; id=x\r\n\r\nä\r\n", "its part 1 (message/partial) holds bytes above 127, and what it is made of cannot be seen")]
    [InlineData(Mime + "Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\nä\r\n", "its part 1 (multipart/mixed) holds bytes above 127, and what it is made of cannot be seen")]
    [InlineData(Mime + "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Disposition: attachment; filename=\"ä.txt\"\r\n\r\nx\r\n--a--\r\n", "its header 'Content-Disposition' holds bytes above 127", "ü")]
    public async Task What_cannot_be_re_encoded_says_why(string given, string why, string? subject = null)
    {
        var head = subject is null ? Head : Head + $"Subject: {subject}\r\n";
        (await Should.ThrowAsync<MessageInvalidException>(() => AsciiAsync((given.StartsWith("Message-ID", StringComparison.Ordinal) ? "From: bob@example.org\r\n" : head) + given))).Message.ShouldStartWith(why);
    }

    [Fact]
    public async Task A_line_that_no_server_has_to_carry_is_never_sent()
    {
        var text = new string('x', 5_000);
        var long8 = await BytesAsync(Head + Mime + "Content-Type: text/plain\r\n\r\n" + text + "\r\n");
        Composing.ShouldBeFitToSend(long8);
        Encoding.ASCII.GetString(long8).Replace("=\r\n", "").ShouldEndWith("\r\n\r\n" + text + "\r\n");

        // Base64 in one line, as careless programs write it, is only broken into lines.
        var content = Corpus.Noise(3_000);
        var wrapped = Encoding.ASCII.GetString(await BytesAsync(Head + Mime + "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + Convert.ToBase64String(content) + "\r\n"));
        wrapped.Split("\r\n").ShouldAllBe(line => line.Length <= 76);
        Convert.FromBase64String(wrapped[wrapped.IndexOf("\r\n\r\n", StringComparison.Ordinal)..]).ShouldBe(content);

        var folded = Encoding.ASCII.GetString(await BytesAsync(Head + "References: " + string.Join(' ', Enumerable.Range(0, 100).Select(i => $"<{i}@example.org>")) + "\r\n\r\nx\r\n"));
        folded.Split("\r\n").ShouldAllBe(line => line.Length <= 78);
        folded.Replace("\r\n ", " ").ShouldContain("<0@example.org> <1@example.org> <2@example.org>");

        (await Should.ThrowAsync<MessageInvalidException>(() => BytesAsync(Head + "X: " + text + "\r\n\r\nx\r\n"))).Message.ShouldBe("line 4: the header 'X' has a word that no line of 998 bytes can hold");
        (await Should.ThrowAsync<MessageInvalidException>(() => BytesAsync(Head + Mime + "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\n" + text + "\r\n--s--\r\n")))
            .Message.ShouldStartWith("the message has lines of more than 998 bytes, which no server has to carry, and cannot be re-encoded: its part 1");
    }

    [Theory]
    [InlineData("content-type :  text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\nplain\r\n")]
    [InlineData("Content-Type: text/plain\r\n")]
    [InlineData("Content-Type: multipart/mixed; boundary=m\r\nContent-Transfer-Encoding: binary\r\n\r\nbefore\r\n--m\r\nX: y\r\n--m--\r\nafter\r\n")]
    [InlineData("Content-Type: message/rfc822\r\n\r\nSubject: x\r\nContent-Transfer-Encoding: 8bit\r\n\r\nplain\r\n")]
    public async Task Signed_parts_keep_every_byte_while_the_rest_is_re_encoded(string part)
    {
        var signed = $"--s\r\n{part}\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\nsignature\r\n--s--\r\n";
        var given = Head + Mime + "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n" + Plain8 + "\r\nä\r\n--o\r\nContent-Type: multipart/signed; boundary=s\r\n\r\ném\r\n" + signed + "--o--\r\n";

        var sent = Encoding.ASCII.GetString(await AsciiAsync(given));

        sent.ShouldContain("=C3=A4\r\n");
        sent.ShouldContain("Content-Type: multipart/signed; boundary=s\r\n\r\n\r\n" + signed);
    }

    [Fact]
    public async Task Old_charsets_are_named_as_unknown()
    {
        var sent = Encoding.ASCII.GetString(await AsciiAsync(Encoding.Latin1.GetBytes(Head + "\r\ngroß\r\n")));
        sent.ShouldEndWith("Content-Type: text/plain; charset=unknown-8bit\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ngro=DF\r\n");
    }

    [Fact]
    public async Task Parts_without_end_in_each_other_are_refused()
    {
        var nested = string.Concat(Enumerable.Range(0, 200).Select(i => $"Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n"));
        (await Should.ThrowAsync<MessageInvalidException>(() => AsciiAsync(Head + Mime + nested + Plain8 + "\r\nä\r\n"))).Message.ShouldBe("the message has parts within parts, 100 deep");
    }

    private static Task<byte[]> AsciiAsync(string given) => AsciiAsync(Encoding.UTF8.GetBytes(given));

    private static async Task<byte[]> AsciiAsync(byte[] given)
    {
        await using var message = await OpenAsync(given);
        await using var ascii = (await message.ToAsciiAsync(CancellationToken.None))!;
        var bytes = await Composing.BytesAsync(ascii);
        Composing.ShouldBeFitToSend(bytes);
        (await Composing.BytesAsync(ascii)).ShouldBe(bytes);
        return bytes;
    }

    private static async Task<byte[]> BytesAsync(string given)
    {
        await using var message = await OpenAsync(Encoding.UTF8.GetBytes(given));
        return await Composing.BytesAsync(message);
    }

    private static async Task<IOutgoingMessage> OpenAsync(byte[] given)
    {
        var blobs = new MemoryBlobStore();
        return await Composing.ComposeAsync(new EmailContent { Eml = blobs.Add(given), To = ["ada@example.org"] }, blobs);
    }
}
