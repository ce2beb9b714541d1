using FsCheck;
using FsCheck.Fluent;
using Nightmail.Core.Emails;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Emails;

/// <summary>
/// Plain mailboxes are read by a shorter way than the parser of the whole grammar. A blank behind a mailbox means nothing to the grammar,
/// and is not plain: so with it the long way is taken, and has to come to the same.
/// </summary>
public sealed class PlainMailboxTests
{
    private static readonly Gen<string> Texts = Gen.Elements("a", "Z", "9", "-", "_", ".", "..", "@", " ", "  ", "<", ">", "x.y", "Ada Lovelace", "ada", "example.org", "\"", "(c)", ",", "é", "[1.2.3.4]", "\t")
        .ListOf().Select(pieces => string.Concat(pieces));

    private static readonly Gen<string> Likely =
        from name in Gen.Elements("", "Ada", "Ada Lovelace", "A  B", "J. Doe", " Ada", "Ada ")
        from local in Gen.Elements("ada", "a.b", "a..b", ".a", "a.", "a-b+c", new string('x', 64), new string('x', 65))
        from domain in Gen.Elements("example.org", "-a.org", "a-.org", "a_b.c", "a..b", "", new string('y', 63) + ".org", new string('y', 64) + ".org")
        from bare in Gen.Elements(true, false)
        select bare ? $"{local}@{domain}" : $"{name} <{local}@{domain}>";

    [Fact]
    public void Both_ways_read_the_same() =>
        Prop.ForAll(Gen.OneOf(Texts, Likely).ToArbitrary(), text => Read(text).ShouldBe(Read(text + " "))).Check(Config.QuickThrowOnFailure.WithMaxTest(10_000));

    [Theory]
    [InlineData("ada@example.org", "", "ada", "example.org")]
    [InlineData("Ada Lovelace <ada.l+news@x-y.example>", "Ada Lovelace", "ada.l+news", "x-y.example")]
    public void What_is_plain_is_read_as_it_stands(string text, string name, string local, string domain) => Read(text).ShouldBe(new Mailbox(name, local, domain));

    private static Mailbox? Read(string text) => Mailbox.TryParse(text, out var mailbox, out _) ? mailbox : null;
}
