using Nightmail.Core.Emails;
using Nightmail.Testing.Mime;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Mime;

/// <summary>Everything of the corpus, read back by a reader that is not ours.</summary>
public sealed class CorpusTests(PythonMailReader python) : IClassFixture<PythonMailReader>
{
    public static TheoryData<string> Names => [.. Corpus.All.Select(message => message.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Python_reads_what_was_meant(string name)
    {
        var message = Corpus.All.Single(message => message.Name == name);
        var bytes = await Composing.BytesAsync(message);
        Composing.ShouldBeFitToSend(bytes);
        var read = await python.ReadAsync(bytes);
        Meant.Differences(message.Content, Composing.From, read).ShouldBeEmpty();
        read.MessageId.ShouldBe(Composing.Identity.MessageId);
        read.Date.ShouldBe(Composing.Date);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_attempt_writes_the_same_bytes(string name)
    {
        var message = Corpus.All.Single(message => message.Name == name);
        var (first, second) = (await Composing.BytesAsync(message), await Composing.BytesAsync(message));
        first.AsSpan().SequenceEqual(second).ShouldBeTrue();
    }

    [Fact]
    public async Task Every_length_of_subject_and_name_from_1_to_300_is_read_back()
    {
        for (var length = 1; length <= 300; length++)
        {
            string[] texts = [new('x', length), Words("word ", length), Words("größe ", length), Words("語", length), Words("a, é ", length)];
            var content = new EmailContent
            {
                To = [.. texts.Select((text, index) => $"{Quoting.Quoted(text)} <ada{index}@example.org>")],
                Subject = texts[length % texts.Length],
                Headers = [.. texts.Select((text, index) => new HeaderField($"X-Same-{index}", text))],
                Text = "x\n",
            };
            var bytes = await Composing.BytesAsync(content);
            Composing.ShouldBeFitToSend(bytes);
            Meant.Differences(content, Composing.From, await python.ReadAsync(bytes)).ShouldBeEmpty();
            // A single long word of an extra header stays whole: a machine may read it.
            foreach (var line in Composing.HeaderLines(bytes)) line.Length.ShouldBeLessThanOrEqualTo(line.StartsWith("X-Same-0") ? Math.Max(78, length + "X-Same-0: ".Length) : 78);
        }
    }

    [Fact]
    public async Task Every_length_of_text_from_1_to_300_is_read_back_with_every_end()
    {
        string[] ends = ["", "\n", "\r\n", "\n.", "\n.\n", ".", " ", "\n\n", "ü", "\n="];
        for (var length = 1; length <= 300; length++)
        {
            var content = new EmailContent
            {
                To = ["ada@example.org"],
                Subject = "x",
                Text = Words(length % 2 == 0 ? "wörd " : "word ", length) + ends[length % ends.Length],
                Html = Words("<b>ü</b> ", length) + ends[length / 3 % ends.Length],
            };
            var bytes = await Composing.BytesAsync(content);
            Composing.ShouldBeFitToSend(bytes);
            Meant.Differences(content, Composing.From, await python.ReadAsync(bytes)).ShouldBeEmpty($"length {length}");
        }
    }

    private static string Words(string word, int length) => string.Concat(Enumerable.Repeat(word, length))[..length].TrimEnd().PadRight(length, 'x');
}
