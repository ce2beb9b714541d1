using Nightmail.Testing.Mime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Mime;

/// <summary>Everything of the corpus, read back by a second reader that is not ours.</summary>
public sealed class MailparserTests(NodePeers node) : IClassFixture<NodePeers>
{
    /// <summary>It drops the quotes of a local part, with which it is another address; Python keeps them.</summary>
    private const string NotRead = "quoted local part";

    public static TheoryData<string> Names => [.. Corpus.All.Select(message => message.Name).Where(name => name != NotRead)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Mailparser_reads_what_was_meant(string name)
    {
        var message = Corpus.All.Single(message => message.Name == name);

        var read = await node.ReadAsync(await Composing.BytesAsync(message));

        // Its list of fields is of its own kind; Python's is compared in full.
        Meant.Differences(message.Content with { Headers = [] }, Composing.From, read).ShouldBeEmpty();
        read.MessageId.ShouldBe(Composing.Identity.MessageId);
        read.Date.ShouldBe(Composing.Date);
    }
}
