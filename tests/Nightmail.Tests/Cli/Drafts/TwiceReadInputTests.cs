using Nightmail.Cli;
using Nightmail.Cli.Drafts;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Drafts;

/// <summary>What comes through a pipe is kept on the disk while it is judged, and no more of it than was allowed.</summary>
public sealed class TwiceReadInputTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("nightmail-pipe-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_pipe_is_read_twice_and_leaves_nothing_behind()
    {
        var bytes = new byte[500_000];
        new Random(1).NextBytes(bytes);
        await using (var input = new TwiceReadInput(new Pipe(bytes), folder))
        {
            (await AllAsync(input.First)).ShouldBe(bytes);
            (await AllAsync(input.Again())).ShouldBe(bytes);
            var copy = Directory.GetFiles(folder).Single();
            if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(copy).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        Directory.GetFiles(folder).ShouldBeEmpty();
    }

    [Fact]
    public async Task More_than_was_allowed_is_refused_with_the_way_out_and_is_not_kept()
    {
        await using var input = new TwiceReadInput(new Pipe(new byte[5 * 1024 * 1024]), folder, limit: 2 * 1024 * 1024);

        var refused = await Should.ThrowAsync<CommandFailure>(async () => await AllAsync(input.First));

        refused.ExitCode.ShouldBe(1);
        refused.Message.ShouldBe("more than 2 MiB come through the pipe, which is all that is kept while it is judged; nothing was changed: write it into a file and import that");
        new FileInfo(Directory.GetFiles(folder).Single()).Length.ShouldBeLessThanOrEqualTo(2 * 1024 * 1024);
    }

    [Fact]
    public void Where_no_copy_can_be_made_the_folder_is_named_and_what_to_do()
    {
        var refused = Should.Throw<CommandFailure>(() => new TwiceReadInput(new Pipe([]), Path.Combine(folder, "gone")));

        refused.Message.ShouldStartWith($"what comes through a pipe cannot be kept in {Path.Combine(folder, "gone")} while it is judged: ");
        refused.Message.ShouldContain("TMPDIR");
    }

    [Fact]
    public async Task A_full_disk_is_told_with_the_way_out()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount a small file system");
        using var world = new CliWorld();
        (await world.RunShellAsync($"mount -t tmpfs -o size=1m,mode=700 none '{folder}'")).ExitCode.ShouldBe(0);
        try
        {
            var refused = await Should.ThrowAsync<CommandFailure>(async () =>
            {
                await using var input = new TwiceReadInput(new Pipe(new byte[3 * 1024 * 1024]), folder);
                await AllAsync(input.First);
            });
            refused.Message.ShouldStartWith($"what comes through a pipe cannot be kept in {folder} while it is judged: No space left on device");
        }
        finally
        {
            await world.RunShellAsync($"umount '{folder}'");
        }
    }

    [Fact]
    public async Task A_file_is_read_where_it_lies()
    {
        await using var input = new TwiceReadInput(new MemoryStream([1, 2, 3]), Path.Combine(folder, "gone"));

        (await AllAsync(input.First)).ShouldBe([1, 2, 3]);
        (await AllAsync(input.Again())).ShouldBe([1, 2, 3]);
    }

    private static async Task<byte[]> AllAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all);
        return all.ToArray();
    }

    private sealed class Pipe(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }
    }
}
