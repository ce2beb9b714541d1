using System.Text;
using Nightmail.Core.Emails;
using Nightmail.Core.Storage;
using Nightmail.Testing.Store;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Store.File.Salvage;

/// <summary>What can lie where the queue belongs, and what other programs left there.</summary>
public sealed class StrangeFilesTests : IAsyncDisposable
{
    private readonly FileStoreWorld world = new();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task A_folder_is_named_and_left_alone()
    {
        Directory.CreateDirectory(world.Path);
        var error = await Should.ThrowAsync<StoreException>(async () => await world.Open().ListAsync(new(), default));
        error.Message.ShouldContain("it is a folder");
    }

    [Fact]
    public async Task Two_hundred_megabytes_of_anything_are_named_and_left_alone()
    {
        await using (var file = System.IO.File.Create(world.Path)) file.SetLength(200L * 1024 * 1024);
        var error = await Should.ThrowAsync<StoreException>(async () => await world.Open().AddAsync([Given.Email(world.Time)], default));
        error.Message.ShouldContain("200 MiB");
        new FileInfo(world.Path).Length.ShouldBe(200L * 1024 * 1024);
    }

    [Fact]
    public async Task A_thousand_emails_of_the_older_plugin_are_read_and_rewritten()
    {
        var text = new StringBuilder("{\"version\":\"1.0\",\"created\":\"2026-11-20T09:00:00Z\",\"queue\":{");
        for (var number = 0; number < 1000; number++)
        {
            text.Append(number > 0 ? "," : "").Append(System.Globalization.CultureInfo.InvariantCulture, $$"""
                "1795329999_{{number}}":{"id":"1795329999_{{number}}","scheduled_for":"1795999{{number:D3}}","created_at":1795329999,"status":"scheduled","account_id":"work","retries":0,
                "email_data":{"to":"grace@example.net","subject":"a\/b","body":"text"},"metadata":{{(number % 2 == 0 ? "[]" : "{\"draft_filepath\":\"\\/tmp\\/draft\"}")}},"color":"red"}
                """);
        }

        await System.IO.File.WriteAllTextAsync(world.Path, text.Append("}}").ToString(), TestContext.Current.CancellationToken);
        var store = world.Open();
        var rows = await store.ListAsync(new(), default);
        rows.Count.ShouldBe(1000);
        rows.ShouldAllBe(row => row.Status == EmailStatus.Pending && row.Account == "work" && row.Content.Subject == "a/b");
        await store.AddAsync([Given.Email(world.Time)], default);
        var written = await System.IO.File.ReadAllTextAsync(world.Path, TestContext.Current.CancellationToken);
        (written.Split("\"color\": \"red\"").Length - 1).ShouldBe(1000);
        (written.Split("\"draft_filepath\": \"").Length - 1).ShouldBe(500);
        written.ShouldNotContain("account_id");
        (await world.Open().ListAsync(new(), default)).Count.ShouldBe(1001);
    }

    [Fact]
    public async Task Empty_tables_of_the_older_plugin_are_an_empty_queue()
    {
        await System.IO.File.WriteAllTextAsync(world.Path, "{\"version\":\"1.0\",\"queue\":[],\"statistics\":[]}", TestContext.Current.CancellationToken);
        (await world.Open().ListAsync(new(), default)).ShouldBeEmpty();
        (await world.Open().AddAsync([Given.Email(world.Time)], default)).Count.ShouldBe(1);
    }
}
