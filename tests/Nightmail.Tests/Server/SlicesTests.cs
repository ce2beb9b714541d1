using System.Text.Json.Nodes;
using Nightmail.Server;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

public sealed class SlicesTests
{
    [Fact]
    public void Many_small_rows_are_cut_by_their_number()
    {
        var slices = Slices.Of(Enumerable.Range(0, (2 * Slices.MostRows) + 1), _ => 1).ToList();

        slices.Select(slice => slice.Count).ShouldBe([Slices.MostRows, Slices.MostRows, 1]);
        slices.SelectMany(slice => slice).ShouldBe(Enumerable.Range(0, (2 * Slices.MostRows) + 1));
    }

    [Fact]
    public void Large_rows_are_cut_by_their_size_and_one_that_is_larger_goes_alone()
    {
        long[] sizes = [Slices.MostCharacters / 2, Slices.MostCharacters / 2, 1, 3 * Slices.MostCharacters, 1, 1];

        Slices.Of(sizes, size => size).Select(slice => slice.Count).ShouldBe([2, 1, 1, 2]);
    }

    [Fact]
    public void Nothing_gives_no_slice() => Slices.Of(Array.Empty<int>(), _ => 1).ShouldBeEmpty();

    [Fact]
    public async Task An_array_that_takes_many_slices_has_a_result_for_each_email_in_its_order()
    {
        const int Many = 1000;
        await using var world = await ServerWorld.StartAsync(sends: false);
        await world.AddAccountAsync(2525);
        var text = new string('x', (int)(Slices.MostCharacters / 100));
        var emails = new JsonArray([.. Enumerable.Range(0, Many).Select(number => new JsonObject
        {
            ["to"] = new JsonArray(number % 100 == 7 ? "nobody" : $"r{number}@example.org"), ["subject"] = $"number {number}", ["text"] = text, ["scheduledFor"] = "2030-01-01T00:00:00Z",
        })]);

        var (status, answer) = await world.PostAsync("/api/emails", emails.ToJsonString());

        status.ShouldBe(200, answer?.ToJsonString()[..200]);
        var results = answer!["results"]!.AsArray();
        results.Count.ShouldBe(Many);
        for (var number = 0; number < Many; number++)
        {
            ((int)results[number]!["status"]!).ShouldBe(number % 100 == 7 ? 422 : 201);
            if (number % 100 != 7) ((string?)results[number]!["email"]!["subject"]).ShouldBe($"number {number}");
        }

        ((long)(await world.GetAsync("/api/stats")).Body!["emails"]!["pending"]!).ShouldBe(Many - 10);
    }
}
