using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Mail.Mime;
using Nightmail.Testing.Mime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Mime;

public sealed class AttachmentTests(PythonMailReader python) : IClassFixture<PythonMailReader>
{
    [Theory]
    [InlineData("report.PDF", "application/pdf")]
    [InlineData("a.b.jpeg", "image/jpeg")]
    [InlineData("invite.ics", "text/calendar")]
    [InlineData("archive.tar.gz", "application/gzip")]
    [InlineData("noextension", "application/octet-stream")]
    [InlineData("dot.", "application/octet-stream")]
    [InlineData("what.ever", "application/octet-stream")]
    public void The_type_comes_from_the_name(string fileName, string type) => ContentTypes.FromFileName(fileName).ShouldBe(type);

    [Theory]
    [InlineData("<img src=\"cid:logo.png\">", "logo.png", "logo.png")]
    [InlineData("<img src='CID:logo.png'>", "logo.png", "logo.png")]
    [InlineData("<p style=\"background:url(cid:logo.png)\">", "logo.png", "logo.png")]
    [InlineData("<img src=cid:logo.png>", "logo.png", "logo.png")]
    [InlineData("<img src=\"cid:our logo.png\">", "our logo.png", "our logo.png")]
    [InlineData("<img src=\"cid:our%20logo.png\">", "our logo.png", "our%20logo.png")]
    [InlineData("<img src=\"cid:a&amp;b.png\">", "a&b.png", "a&amp;b.png")]
    [InlineData("<img src=\"cid:%C3%9Cber.png\">", "Über.png", "%C3%9Cber.png")]
    [InlineData("cid:logo.png", "logo.png", "logo.png")]
    [InlineData("<img src=\"cid:logo\">", "logo.png", null)]
    [InlineData("<img src=\"logo.png\">", "logo.png", null)]
    [InlineData("<img src=\"cid:", "logo.png", null)]
    [InlineData("", "logo.png", null)]
    [InlineData(null, "logo.png", null)]
    public void An_attachment_that_the_html_shows_is_inline(string? html, string fileName, string? contentId) =>
        InlineParts.Assign(html, [Attach(fileName)])[0].ContentId.ShouldBe(contentId);

    [Fact]
    public void Only_the_first_of_one_name_is_inline_and_what_has_a_content_id_keeps_it()
    {
        var given = Attach("b.png") with { ContentId = "mine" };
        InlineParts.Assign("<img src=\"cid:a.png\"><img src=\"cid:b.png\"><img src=\"cid:a.png\">", [Attach("a.png"), Attach("a.png"), given])
            .Select(attachment => attachment.ContentId).ShouldBe(["a.png", null, "mine"]);
    }

    [Theory]
    [InlineData("our logo.png", "<img src=\"cid:our%20logo.png\">")]
    [InlineData("Über.png", "<img src=\"cid:Über.png\">")]
    [InlineData("a\"<>.png", "<img src='cid:a&quot;&lt;&gt;.png'>")]
    public async Task A_name_that_no_content_id_can_hold_is_replaced_on_both_sides(string fileName, string html)
    {
        var blobs = new MemoryBlobStore();
        var blob = blobs.Add([1, 2, 3]);
        var content = new EmailContent { To = ["ada@example.org"], Html = html, Attachments = InlineParts.Assign(html, [new(fileName, blob)]) };
        var read = await python.ReadAsync(await Composing.BytesAsync(content, blobs));
        read.Defects.ShouldBeEmpty();
        read.Shape.ShouldBe("related(text/html, image/png)");
        var id = read.Parts[1].ContentId.ShouldNotBeNull().Trim('<', '>');
        read.Parts[0].Text!.ShouldContain($"cid:{id}");
        read.Parts[1].FileName.ShouldBe(fileName);
    }

    [Theory]
    [InlineData("everything at once", "mixed(alternative(text/plain, related(text/html, image/png, image/png)), application/octet-stream, application/octet-stream)")]
    [InlineData("html and text", "alternative(text/plain, text/html)")]
    [InlineData("html alone", "text/html")]
    [InlineData("invitation", "mixed(text/plain, text/calendar)")]
    [InlineData("nested message", "mixed(text/plain, message/rfc822)")]
    [InlineData("nested message that cannot travel as it is", "mixed(text/plain, application/octet-stream)")]
    public async Task The_parts_lie_as_readers_expect(string name, string shape)
    {
        (await python.ReadAsync(await Composing.BytesAsync(Corpus.All.Single(message => message.Name == name)))).Shape.ShouldBe(shape);
    }

    [Fact]
    public async Task An_invitation_names_its_method_and_a_text_its_charset()
    {
        var read = await python.ReadAsync(await Composing.BytesAsync(Corpus.All.Single(message => message.Name == "invitation")));
        read.Parts[1].Method.ShouldBe("REQUEST");
        read.Parts[1].Charset.ShouldBe("utf-8");
        var latin1 = await python.ReadAsync(await Composing.BytesAsync(Corpus.All.Single(message => message.Name == "file names")));
        latin1.Parts.Single(part => part.Type == "text/html").Charset.ShouldBeNull();
    }

    [Fact]
    public async Task Old_readers_find_the_name_in_encoded_words()
    {
        var bytes = await Composing.BytesAsync(Corpus.All.Single(message => message.Name == "pdf with a non-ascii name"));
        var unfolded = Encoding.ASCII.GetString(bytes).Replace("\r\n ", " ");
        var line = unfolded.Split("\r\n").Single(line => line.StartsWith("Content-Type: application/pdf", StringComparison.Ordinal));
        var name = line[(line.IndexOf("name=\"", StringComparison.Ordinal) + 6)..].TrimEnd('"');
        EncodedWords.Decode(name).ShouldBe("Rechnung für Müller – März 2026 (Ξ αντίγραφο).pdf");
    }

    [Fact]
    public async Task A_large_attachment_is_never_in_memory()
    {
        const int Size = 25 * 1024 * 1024;
        var blobs = new EndlessZeros();
        var content = new EmailContent { To = ["ada@example.org"], Text = "x", Attachments = [new("a.bin", new BlobRef(new string('0', 64), Size))] };
        await using var message = await Composing.ComposeAsync(content, blobs);
        await message.CopyToAsync(Stream.Null, CancellationToken.None);
        var before = GC.GetAllocatedBytesForCurrentThread();
        await message.CopyToAsync(Stream.Null, CancellationToken.None);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1024 * 1024);
        message.Length.ShouldBeGreaterThan(Size / 3 * 4);
    }

    [Fact]
    public async Task A_damaged_file_is_the_store_s_trouble_and_no_message_is_written_from_it()
    {
        var blobs = new MemoryBlobStore();
        var blob = blobs.Add(Corpus.Noise(1_000));
        var content = new EmailContent { To = ["ada@example.org"], Text = "x", Attachments = [new("a.bin", blob)] };
        await using var message = await Composing.ComposeAsync(content, blobs);
        blobs.Damage(blob, Corpus.Noise(999));
        await Should.ThrowAsync<StoreException>(() => message.CopyToAsync(Stream.Null, CancellationToken.None).AsTask());
        await Should.ThrowAsync<StoreException>(() => Composing.ComposeAsync(content, blobs));
        await Should.ThrowAsync<StoreException>(() => Composing.ComposeAsync(new EmailContent { Eml = blob }, blobs));
    }

    private static Attachment Attach(string fileName) => new(fileName, new BlobRef("00", 0));

    /// <summary>Blobs of zeros, as long as they are said to be.</summary>
    private sealed class EndlessZeros : IBlobStore
    {
        public ValueTask<BlobRef> AddAsync(Stream content, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Stream Open(BlobRef blob) => new Zeros(blob.Size);
    }

    private sealed class Zeros : MemoryStream
    {
        private long left;

        public Zeros(long length) => left = length;

        public override long Length => left;

        public override int Read(Span<byte> buffer)
        {
            var read = (int)Math.Min(left, buffer.Length);
            buffer[..read].Clear();
            left -= read;
            return read;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));
    }
}
