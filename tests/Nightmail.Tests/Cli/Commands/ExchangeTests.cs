using System.Security.Cryptography;
using System.Text;
using Nightmail.Core.Storage;
using Nightmail.Store.File.Exchange;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Cli.Commands;

/// <summary>The verbs export and import, from one home into another.</summary>
public sealed class ExchangeTests : IDisposable
{
    private readonly CliWorld from = new CliWorld().WithAccount();
    private readonly CliWorld to = new CliWorld().WithAccount();

    public void Dispose()
    {
        from.Dispose();
        to.Dispose();
    }

    [Fact]
    public async Task A_queue_arrives_elsewhere_with_ids_times_attachments_and_what_others_wrote_into_it()
    {
        var file = from.Write("report.bin", "");
        var bytes = RandomNumberGenerator.GetBytes(700_000);
        await File.WriteAllBytesAsync(file, bytes);
        var attached = (await ScheduleAsync("--attach", file)).Id;
        var empty = from.Write("empty.txt", "");
        await ScheduleAsync("--attach", empty, "--attach", file);
        var cancelled = (await ScheduleAsync()).Id;
        await from.RunAsync("cancel", cancelled);
        await WriteIntoAsync(attached, "\"created_by\": \"ada@hut\"", "\"created_by\": \"ada@hut\", \"mood\": [1, {\"a\": \"\\u00fc\"}]");

        var exported = await from.RunAsync("export", Path.Combine(from.Folder, "q.jsonl"), "--json");
        exported.ExitCode.ShouldBe(0, exported.Error);
        (exported.Json().GetProperty("emails").GetInt32(), exported.Json().GetProperty("attachments").GetInt32(), exported.Json().GetProperty("waiting").GetInt32()).ShouldBe((3, 2, 2));
        exported.Error.ShouldContain("2 of the 3 emails still wait here too");
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(Path.Combine(from.Folder, "q.jsonl")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var imported = await to.RunAsync("import", Path.Combine(from.Folder, "q.jsonl"), "--json");
        imported.ExitCode.ShouldBe(0, imported.Error);
        (imported.Json().GetProperty("imported").GetInt32(), imported.Json().GetProperty("waiting").GetInt32()).ShouldBe((3, 2));

        (await to.RunAsync("list", "--all", "--json")).Output.ShouldBe((await from.RunAsync("list", "--all", "--json")).Output);
        (await to.RunAsync("show", attached, "--raw")).Output.ShouldBe((await from.RunAsync("show", attached, "--raw")).Output);
        (await File.ReadAllTextAsync(to.Queue)).ShouldContain("\"mood\"");
        (await to.RunAsync("health")).Output.ShouldNotContain("damaged");
        var again = await to.RunAsync("import", Path.Combine(from.Folder, "q.jsonl"));
        (again.ExitCode, again.Output).ShouldBe((0, "0 imported; 3 were here already and stay as they are\n"));
    }

    [Fact]
    public async Task An_export_read_from_a_pipe_is_taken_like_a_file()
    {
        var id = (await ScheduleAsync()).Id;
        var exported = await from.RunAsync("export");
        exported.ExitCode.ShouldBe(0);
        using var pipe = new OneWayStream(Encoding.UTF8.GetBytes(exported.Output));
        (await to.RunAsync(pipe, TestContext.Current.CancellationToken, "import", "-")).ExitCode.ShouldBe(0);
        (await to.RunAsync("show", id, "--json")).Json().GetProperty("id").GetString().ShouldBe(id);
    }

    [Fact]
    public async Task What_was_due_meanwhile_is_held_and_all_of_it_is_let_go_with_one_word()
    {
        await ScheduleAsync();
        await ScheduleAsync();
        var exported = await from.RunAsync("export");
        to.Time.Advance(TimeSpan.FromDays(2));
        var imported = await to.RunWithInputAsync(exported.Output, "import", "-", "--json");
        imported.Json().GetProperty("held").GetArrayLength().ShouldBe(2);
        imported.Error.ShouldContain("nightmail resume --held");
        var mine = (await to.RunAsync("schedule", "--to", "c@example.net", "--subject", "x", "--body", "y", "--at", "tomorrow 9:00")).Id;
        await to.RunAsync("pause", mine);
        await to.RunAsync("run", "--once");
        Directory.Exists(to.Outbox).ShouldBeFalse();
        (await to.RunAsync("resume", "--held")).ExitCode.ShouldBe(0);
        (await to.RunAsync("run", "--once")).ExitCode.ShouldBe(0);
        Directory.GetFiles(to.Outbox, "*.eml").Length.ShouldBe(2);
        (await to.RunAsync("list", "--status", "paused", "--json")).Json().GetArrayLength().ShouldBe(1, "what a person paused stays so");
        (await to.RunAsync("resume", "--held")).Error.ShouldContain("nothing is held");
    }

    [Theory]
    [InlineData("", "line 1, column 1: the file is empty")]
    [InlineData("{\"nightmail_export\":\"1.0\"}\n", "line 2, column 1: the file is cut off")]
    [InlineData("{\"nightmail_export\":\"2.0\"}\n", "line 1, column 21: it was exported in form 2.0")]
    [InlineData("hello\n", "line 1, column 1: this is not JSON")]
    [InlineData("[1]\n", "line 1, column 1: the line is not a JSON object")]
    [InlineData("{\"version\":\"1.0\",\"queue\":{}}\n", "line 1, column 1: an email has no id")]
    [InlineData("HEAD{\"id\":\"email_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b\",\"status\":}\n", "line 2, column 57: this is not JSON")]
    [InlineData("HEAD{\"id\":\"ü\"}\n", "line 2, column 7: id: 'ü' is not an email's id")]
    [InlineData("HEAD{\"id\":\"email_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b\",\"x\":\"ü\",\"status\":\"flying\"}\n", "line 2, column 65: status: 'flying' is no status")]
    [InlineData("HEAD{\"id\":\"email_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b\",\"status\":\"sent\",\"scheduled_for\":1}\n", "line 2, column 1: email_data is missing")]
    [InlineData("HEADEMAILEMAIL", "line 3, column 1: the email email_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b stands in line 2 already")]
    [InlineData("HEADHEAD", "line 2, column 1: a second export begins here")]
    [InlineData("HEADEMAIL{\"end\":true,\"emails\":2,\"blobs\":0,\"sha256\":\"\"}\n", "line 3, column 1: there are 1 emails, and there should be 2")]
    [InlineData("HEADEMAIL{\"end\":true,\"emails\":1,\"blobs\":0,\"sha256\":\"00\"}\n", "line 3, column 1: the checksum does not hold")]
    [InlineData("HEAD{\"blob\":\"x\",\"size\":1,\"part\":0,\"data\":\"\"}\n", "line 2, column 9: blob: this is not a SHA-256")]
    [InlineData("HEAD{\"blob\":\"BLOB\",\"size\":1,\"part\":0,\"data\":\"?\"}\n", "line 2, column 101: data: this is not base64")]
    [InlineData("HEAD{\"blob\":\"BLOB\",\"size\":1,\"part\":1,\"data\":\"YQ==\"}\n", "line 2, column 1: part 0 of the bytes")]
    [InlineData("HEAD{\"blob\":\"BLOB\",\"size\":2,\"part\":0,\"data\":\"YQ==\"}\nEMAIL", "end too early")]
    [InlineData("HEAD{\"blob\":\"BLOB\",\"size\":2,\"part\":0,\"data\":\"YQ==\"}\n{\"blob\":\"BLOB\",\"size\":2,\"part\":1,\"data\":\"\"}\n", "are not the 2 that they should be")]
    [InlineData("HEAD{\"blob\":\"BLOB\",\"size\":1,\"part\":0,\"data\":\"YQ==\"}\n", "line 2, column 1: the bytes")]
    public async Task A_file_that_cannot_be_taken_changes_nothing_and_the_mistake_is_named_with_line_and_column(string text, string message)
    {
        const string Email = """{"id":"email_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b","status":"sent","scheduled_for":1,"email_data":{"to":"a@example.net"}}""";
        text = text.Replace("HEAD", "{\"nightmail_export\":\"1.0\"}\n", StringComparison.Ordinal).Replace("EMAIL", Email + "\n", StringComparison.Ordinal).Replace("BLOB", new string('a', 64), StringComparison.Ordinal);
        var result = await to.RunAsync("import", to.Write("q.jsonl", text));
        result.ExitCode.ShouldBe(1);
        result.Output.ShouldBeEmpty();
        result.Error.ShouldContain(message);
        result.Error.Trim().Split('\n').Length.ShouldBe(1);
        File.Exists(to.Queue).ShouldBeFalse();
    }

    [Fact]
    public async Task Every_cut_and_every_changed_byte_of_an_export_is_found_before_anything_is_changed()
    {
        await ScheduleAsync("--attach", from.Write("a.txt", "attached"));
        await ScheduleAsync();
        var whole = Encoding.UTF8.GetBytes((await from.RunAsync("export")).Output);
        var random = new Random(3);
        for (var round = 0; round < 300; round++)
        {
            var broken = whole.ToArray();
            if (round % 2 == 0) broken = broken[..random.Next(whole.Length - 1)];
            else broken[random.Next(whole.Length - 1)] ^= (byte)(1 << random.Next(8));
            var result = await to.RunAsync(new MemoryStream(broken), TestContext.Current.CancellationToken, "import", "-");
            if (result.ExitCode == 0 && round % 2 == 1) continue; // the last line's own words are not under the checksum
            result.ExitCode.ShouldBe(1, $"round {round}");
            result.Error.ShouldMatch(@"^nightmail: -: line \d+, column \d+: .*nothing was changed\n$");
            File.Exists(to.Queue).ShouldBeFalse($"round {round}: {result.Error}");
        }
    }

    [Fact]
    public async Task Nothing_that_is_there_is_overwritten_and_what_cannot_be_read_or_written_is_said()
    {
        await ScheduleAsync();
        (await from.RunAsync("export", from.Queue)).Error.ShouldContain("is there already; nothing was written");
        (await from.RunAsync("export", Path.Combine(from.Folder, "no", "where.jsonl"))).ExitCode.ShouldBe(1);
        (await to.RunAsync("import", Path.Combine(to.Folder, "gone.jsonl"))).Error.ShouldContain("there is no such file");
        (await to.RunAsync("import", to.Folder)).Error.ShouldContain("this is a folder");
        (await to.RunAsync("import")).ExitCode.ShouldBe(2);
        Directory.GetFiles(from.Folder, "*.tmp").ShouldBeEmpty();
    }

    [Fact]
    public async Task An_attachment_that_is_lost_costs_its_own_email_and_no_other()
    {
        var id = (await ScheduleAsync("--attach", from.Write("a.txt", "attached"))).Id;
        var whole = (await ScheduleAsync()).Id;
        Directory.Delete(Path.ChangeExtension(from.Queue, ".blobs"), recursive: true);
        var exported = await from.RunAsync("export");
        exported.ExitCode.ShouldBe(1);
        exported.Error.ShouldContain($"warning: exported without an attachment: {id}");

        var imported = await to.RunWithInputAsync(exported.Output, "import", "-");

        (imported.ExitCode, imported.Output).ShouldBe((1, "1 imported; 1 was not taken\n"));
        imported.Error.ShouldContain($"nightmail: {id} was not imported: the bytes ");
        (await to.RunAsync("list", "--json")).Json().EnumerateArray().Single().GetProperty("id").GetString().ShouldBe(whole);
        var again = await to.RunWithInputAsync(exported.Output, "import", "-", "--json");
        (again.ExitCode, again.Json().GetProperty("notTaken")[0].GetProperty("id").GetString()).ShouldBe((1, id));
    }

    [Fact]
    public async Task An_entry_that_is_set_aside_is_named_with_its_place_and_the_exit_code_says_that_not_all_is_in_it()
    {
        await ScheduleAsync();
        var text = await File.ReadAllTextAsync(from.Queue);
        await File.WriteAllTextAsync(from.Queue, text.Replace("\"queue\": {", "\"queue\": {\n    \"email_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b\": {\"status\": \"flying\"},", StringComparison.Ordinal));

        var exported = await from.RunAsync("export", Path.Combine(from.Folder, "q.jsonl"), "--json");

        exported.ExitCode.ShouldBe(1);
        exported.Error.ShouldContain($"warning: not exported, because it cannot be read as an email: 'email_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b' at line ");
        exported.Error.ShouldContain($" of {from.Queue}: status: 'flying' is no status");
        var entry = exported.Json().GetProperty("setAside")[0];
        (exported.Json().GetProperty("emails").GetInt32(), entry.GetProperty("id").GetString(), entry.GetProperty("error").GetString()!).ShouldBe((1, "email_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b", "status: 'flying' is no status"));
        entry.GetProperty("place").GetString().ShouldNotBe("an unknown place");
    }

    [Fact]
    public async Task An_export_that_changes_between_its_two_readings_is_not_said_to_have_changed_nothing()
    {
        var emails = Enumerable.Range(0, 1001).Select(_ => new ImportedEmail(Given.Email(to.Time, TimeSpan.FromHours(1)))).ToList();
        using var export = new MemoryStream();
        await ExportWriter.WriteAsync(emails.ToAsyncEnumerable(), null!, export, to.Time.GetUtcNow(), TestContext.Current.CancellationToken);
        using var shrinking = new ShrinkingStream(export.ToArray());

        var result = await to.RunAsync(shrinking, TestContext.Current.CancellationToken, "import", "-");

        result.ExitCode.ShouldBe(1);
        result.Error.ShouldMatch("^nightmail: - has changed while it was read: line 1003, .*; 1000 emails were imported before that and stay: the same command goes on from there\n$");
        (await to.RunAsync("stats", "--json")).Json().GetProperty("totalScheduled").GetInt64().ShouldBe(1000);
    }

    private Task<CliResult> ScheduleAsync(params string[] more) =>
        from.RunAsync(["schedule", "--to", "b@example.net", "--subject", "Grüße", "--body", "Hello", "--at", "tomorrow 9:00", .. more]);

    private async Task WriteIntoAsync(string id, string words, string instead)
    {
        var text = await File.ReadAllTextAsync(from.Queue);
        var at = text.IndexOf(words, text.IndexOf($"\"{id}\":", StringComparison.Ordinal), StringComparison.Ordinal);
        at.ShouldBeGreaterThan(0);
        await File.WriteAllTextAsync(from.Queue, string.Concat(text.AsSpan(0, at), instead, text.AsSpan(at + words.Length)));
    }

    /// <summary>Loses its end after the first reading.</summary>
    private sealed class ShrinkingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override long Position
        {
            get => base.Position;
            set
            {
                base.Position = value;
                SetLength(Length - 100);
            }
        }
    }

    /// <summary>What a pipe is: no length, no way back.</summary>
    private sealed class OneWayStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }
    }
}
