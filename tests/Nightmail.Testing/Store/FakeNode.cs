namespace Nightmail.Testing.Store;

/// <summary>A file, or a folder, of the <see cref="FakeDisk"/>, whatever its name is.</summary>
internal sealed class FakeNode
{
    private byte[] bytes = [];
    private int length;
    private int durableLength;
    private (int From, int To) lost;
    private static ulong made;

    /// <summary>Tells it apart from every other.</summary>
    public ulong Identity { get; } = Interlocked.Increment(ref made);

    /// <summary>When it was last written to.</summary>
    public DateTimeOffset Modified { get; set; }

    /// <summary>Who may do what with it.</summary>
    public int Mode { get; set; } = 0x180;

    /// <summary>True for a folder.</summary>
    public bool IsFolder { get; init; }

    /// <summary>Its size.</summary>
    public int Length => length;

    /// <summary>How many have it open for writing.</summary>
    public int Writers { get; set; }

    /// <summary>Who holds its lock.</summary>
    public FakeLock? Holder { get; set; }

    /// <summary>Who waits for it, in order.</summary>
    public LinkedList<FakeLockWait> Waiting { get; } = [];

    /// <summary>Everything in it.</summary>
    public byte[] ToArray() => bytes.AsSpan(0, length).ToArray();

    /// <summary>Reads on from there.</summary>
    public int Read(Span<byte> destination, long offset)
    {
        if (offset >= length) return 0;
        var count = Math.Min(destination.Length, length - (int)offset);
        bytes.AsSpan((int)offset, count).CopyTo(destination);
        return count;
    }

    /// <summary>Adds to its end.</summary>
    public void Append(ReadOnlySpan<byte> more)
    {
        if (length + more.Length > bytes.Length) Array.Resize(ref bytes, Math.Max(bytes.Length * 2, length + more.Length));
        more.CopyTo(bytes.AsSpan(length));
        length += more.Length;
    }

    /// <summary>Replaces everything, as a note in a lock file is.</summary>
    public void Replace(ReadOnlySpan<byte> all)
    {
        bytes = all.ToArray();
        length = bytes.Length;
        durableLength = 0;
    }

    /// <summary>What is in it now survives.</summary>
    public void Sync() => durableLength = length;

    /// <summary>The device failed while syncing. The kernel forgets that these bytes were never written, so that a later sync does not bring them to the disk.</summary>
    public void FailSync() => lost = lost.To == 0 ? (durableLength, length) : (lost.From, length);

    /// <summary>Any part of what was not synced is gone: the end, or what lies between.</summary>
    public void LosePower(Random random)
    {
        Holder = null;
        Waiting.Clear();
        var survives = random.Next(durableLength, length + 1);
        if (survives > durableLength && random.Next(3) == 0) bytes.AsSpan(random.Next(durableLength, survives)..survives).Clear();
        if (lost.To > 0) bytes.AsSpan(Math.Min(lost.From, survives)..Math.Min(lost.To, survives)).Clear();
        lost = default;
        length = durableLength = survives;
    }
}
