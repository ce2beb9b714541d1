using Microsoft.AspNetCore.Http;
using Nightmail.Server.Api;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

public sealed class LargeBodiesTests : IDisposable
{
    private readonly LargeBodies bodies = new();
    private readonly TaskCompletionSource held = new();
    private int inside;

    public void Dispose() => bodies.Dispose();

    [Fact]
    public async Task Few_are_let_in_at_a_time_and_the_others_follow()
    {
        var all = Enumerable.Range(0, LargeBodies.AtOnce + 2).Select(_ => RunAsync(Request(LargeBodies.Large + 1))).ToList();

        inside.ShouldBe(LargeBodies.AtOnce);
        await bodies.RunAsync(Request(100), _ => Task.CompletedTask);
        held.SetResult();
        await Task.WhenAll(all);

        inside.ShouldBe(all.Count);
    }

    [Fact]
    public async Task One_whose_length_is_not_said_counts_as_large_and_one_that_fails_or_leaves_makes_room()
    {
        var first = Enumerable.Range(0, LargeBodies.AtOnce).Select(_ => RunAsync(Request(null))).ToList();
        using var leaving = new CancellationTokenSource();
        var left = Request(null);
        left.RequestAborted = leaving.Token;
        var waiting = bodies.RunAsync(left, _ => Task.CompletedTask);
        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
        held.SetResult();
        await Task.WhenAll(first);

        for (var fails = 0; fails < LargeBodies.AtOnce + 1; fails++) await Should.ThrowAsync<InvalidOperationException>(() => bodies.RunAsync(Request(null), _ => throw new InvalidOperationException()));
        await RunAsync(Request(null));

        inside.ShouldBe(LargeBodies.AtOnce + 1);
    }

    private static DefaultHttpContext Request(long? length)
    {
        var context = new DefaultHttpContext();
        (context.Request.Method, context.Request.ContentType, context.Request.ContentLength) = ("POST", "application/json", length);
        if (length is null) context.Request.Headers.TransferEncoding = "chunked";
        return context;
    }

    private Task RunAsync(HttpContext context) => bodies.RunAsync(context, async _ =>
    {
        Interlocked.Increment(ref inside);
        await held.Task;
    });
}
