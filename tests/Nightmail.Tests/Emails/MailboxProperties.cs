using FsCheck;
using FsCheck.Fluent;
using Nightmail.Core.Emails;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Emails;

public sealed class MailboxProperties
{
    private static readonly Gen<char> NameCharacters =
        Gen.OneOf(Gen.Choose(' ', '~').Select(code => (char)code), Gen.Elements('ä', 'ß', 'Ж', 'ם', '語', '"', '\\', ',', '.', '(', '<', '@', ' '));

    private static readonly Gen<string> Names = NameCharacters.ListOf().Select(characters => string.Concat(characters));

    private static readonly Gen<string> LocalParts = NameCharacters.NonEmptyListOf()
        .Select(characters => string.Concat(characters.Take(20)));

    private static readonly Gen<string> Domains =
        Gen.Elements("example.org", "a", "x-y.example", "bücher.example", "例子.测试", "[192.0.2.1]", "[IPv6:2001:db8::1]");

    private static readonly Gen<Mailbox> Mailboxes =
        from name in Names
        from localPart in LocalParts
        from domain in Domains
        select new Mailbox(name, localPart, domain);

    [Fact]
    public void What_is_written_is_read_back() =>
        Prop.ForAll(Mailboxes.ToArbitrary(), mailbox =>
        {
            Mailbox.TryParse(mailbox.ToString(), out var read, out var error).ShouldBeTrue(error);
            read.ShouldBe(mailbox);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [Fact]
    public void A_list_of_what_is_written_is_read_back() =>
        Prop.ForAll(Mailboxes.NonEmptyListOf().ToArbitrary(), mailboxes =>
        {
            Mailbox.TryParseList(string.Join(", ", mailboxes), out var read, out var error).ShouldBeTrue(error);
            read.ShouldBe(mailboxes);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [Fact]
    public void The_bare_address_is_a_mailbox_with_the_same_address() =>
        Prop.ForAll(Mailboxes.ToArbitrary(), mailbox =>
        {
            Mailbox.TryParse(mailbox.Address, out var read, out var error).ShouldBeTrue(error);
            read!.Address.ShouldBe(mailbox.Address);
            read.LocalPart.ShouldBe(mailbox.LocalPart);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [Fact]
    public void Any_text_is_read_or_refused_and_never_lets_a_line_break_through() =>
        Prop.ForAll(HostileText.ToArbitrary(), text =>
        {
            if (!Mailbox.TryParse(text, out var mailbox, out var error))
            {
                error.ShouldNotBeNullOrEmpty();
                error.ShouldAllBe(character => !char.IsControl(character));
                return;
            }

            (mailbox!.DisplayName + mailbox.Address).ShouldAllBe(character => !char.IsControl(character));
            Mailbox.TryParse(mailbox.ToString(), out var again, out error).ShouldBeTrue(error);
            again.ShouldBe(mailbox);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    private static Gen<string> HostileText =>
        Gen.OneOf(
                Gen.Elements("ada", "@", "example.org", "<", ">", "\"", "\\", "(", ")", ",", ";", ":", ".", " ", "\t", "\r\n", "\0", "[", "]", "ü", "語", "\ud83d", "-"),
                Gen.Choose(0, 0x2100).Select(code => ((char)code).ToString()))
            .ListOf().Select(pieces => string.Concat(pieces));
}
