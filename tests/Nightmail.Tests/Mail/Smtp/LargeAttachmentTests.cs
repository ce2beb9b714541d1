using System.Diagnostics;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Mail.Mime;
using Nightmail.Testing.Smtp;
using Nightmail.Tests.Mail.Mime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>Tests that count what the whole process allocates, so that nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(CountsAllocations), DisableParallelization = true)]
public sealed class CountsAllocations;

/// <summary>A large attachment is streamed: it costs no memory of its size.</summary>
[Collection(nameof(CountsAllocations))]
public sealed class LargeAttachmentTests
{
    private const long Size = 25 * 1024 * 1024;

    /// <summary>Bytes that are allocated and let go, and others; never all of the attachment, let alone once a recipient.</summary>
    private const long Most = 10 * 1024 * 1024;

    [Fact]
    public async Task Twenty_five_megabytes_to_three_recipients_are_never_in_memory()
    {
        await using var sink = await SmtpSink.StartAsync(storeMessages: false);
        await using var transport = new Nightmail.Mail.Transports.SmtpTransport(
            new() { Host = sink.Host, Port = sink.Port, Security = Nightmail.Core.Accounts.SmtpSecurity.None }, new(), new(), TimeProvider.System, new Random(1));
        var email = Composing.Email(new EmailContent { To = ["a@b.test", "b@b.test", "c@b.test"], Subject = "x", Text = "x", Attachments = [new("film.mp4", new(new string('0', 64), Size))] });
        var before = GC.GetTotalAllocatedBytes(precise: true);

        await using var message = await new MessageComposer(new Zeros()).ComposeAsync(email, Composing.Identity, CancellationToken.None);
        var outcome = await transport.DeliverAsync(new("ada@a.test", ["a@b.test", "b@b.test", "c@b.test"]), message, (_, _, _) => ValueTask.FromResult(true), CancellationToken.None);

        outcome.Verdicts().ShouldBe([Verdict.Delivered, Verdict.Delivered, Verdict.Delivered]);
        message.Length.ShouldBeGreaterThan(Size * 4 / 3);
        (GC.GetTotalAllocatedBytes(precise: true) - before).ShouldBeLessThan(Most);
    }

    /// <summary>A store whose files are zeros, made as they are read.</summary>
    private sealed class Zeros : IBlobStore
    {
        public ValueTask<BlobRef> AddAsync(Stream content, CancellationToken cancellationToken) => throw new UnreachableException();

        public Stream Open(BlobRef blob) => new ZeroStream(blob.Size);
    }

    private sealed class ZeroStream(long length) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, length - Position);
            Array.Clear(buffer, offset, read);
            Position += read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new UnreachableException();

        public override void SetLength(long value) => throw new UnreachableException();

        public override void Write(byte[] buffer, int offset, int count) => throw new UnreachableException();
    }
}
