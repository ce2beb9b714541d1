using System.Text;
using Nightmail.Store.File.Disk;
using Nightmail.Store.File.Ledger;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File;

/// <summary>A log that is read on is the one that was read before, and not another that has its name by now.</summary>
public sealed class CheckedLogTests
{
    private const string Log = "/home/ada/log";

    [Fact]
    public void A_file_that_is_replaced_between_the_look_and_the_reading_is_not_read_on()
    {
        var disk = new FakeDisk(new Random(1));
        disk.Put(Log, Lines("first", "second"));
        var log = new CheckedLog(disk.Start(), Log);
        log.Refresh(_ => { }).ShouldBeTrue();
        using (var file = disk.Start().OpenAppend(Log)) file.Write(Lines("third"));
        disk.Trouble = call =>
        {
            if (call.Kind != DiskCallKind.OpenRead) return null;
            disk.Trouble = null;
            disk.Put(Log, Lines("second", "third", "fourth", "fifth"));
            return null;
        };
        List<string> taken = [];
        log.Refresh(json => taken.Add(Encoding.UTF8.GetString(json.Span))).ShouldBeFalse();
        taken.ShouldBeEmpty();
    }

    [Fact]
    public void Two_files_that_had_one_name_one_after_the_other_are_told_apart_also_when_the_system_gives_them_one_number()
    {
        var path = Path.Combine(Path.GetTempPath(), $"nightmail-{Guid.NewGuid():N}");
        try
        {
            var first = Made(path);
            var second = first;
            while (second.Modified <= first.Modified) second = Made(path);
            second.Identity.ShouldNotBe(first.Identity);
            using var open = RealDisk.Instance.OpenRead(path)!;
            open.Identity.ShouldBe(second.Identity);
        }
        finally
        {
            RealDisk.Instance.Delete(path);
        }
    }

    private static DiskStat Made(string path)
    {
        RealDisk.Instance.Delete(path);
        RealDisk.Instance.CreateNew(path).Dispose();
        return RealDisk.Instance.Stat(path)!.Value;
    }

    private static byte[] Lines(params string[] texts) => [.. texts.SelectMany(text => CheckedLine.Write(Encoding.UTF8.GetBytes($"\"{text}\"")))];
}
