using Nightmail.Server;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server;

public sealed class RememberedTests
{
    [Fact]
    public async Task What_was_read_is_kept_until_it_is_changed()
    {
        var reads = 0;
        var remembered = new Remembered<string>(_ => new($"read {++reads}"));

        (await remembered.GetAsync(CancellationToken.None)).ShouldBe("read 1");
        (await remembered.GetAsync(CancellationToken.None)).ShouldBe("read 1");
        remembered.Forget();
        (await remembered.GetAsync(CancellationToken.None)).ShouldBe("read 2");
    }

    [Fact]
    public async Task What_was_read_before_a_change_and_comes_after_it_is_not_kept()
    {
        var slow = new TaskCompletionSource<string>();
        var answers = new Queue<ValueTask<string>>([new(slow.Task), new("without the removed key")]);
        var remembered = new Remembered<string>(_ => answers.Dequeue());
        var early = remembered.GetAsync(CancellationToken.None);

        remembered.Forget();
        slow.SetResult("with the removed key");

        (await early).ShouldBe("with the removed key");
        (await remembered.GetAsync(CancellationToken.None)).ShouldBe("without the removed key");
    }
}
