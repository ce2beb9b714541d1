using Nightmail.Core.Emails;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Emails;

public sealed class MailboxTests
{
    [Theory]
    [InlineData("ada@example.org", "", "ada@example.org")]
    [InlineData("  ada@example.org\t", "", "ada@example.org")]
    [InlineData("<ada@example.org>", "", "ada@example.org")]
    [InlineData("Ada Lovelace <ada@example.org>", "Ada Lovelace", "ada@example.org")]
    [InlineData("Ada   Lovelace<ada@example.org>", "Ada Lovelace", "ada@example.org")]
    [InlineData("\"Lovelace, Ada\" <ada@example.org>", "Lovelace, Ada", "ada@example.org")]
    [InlineData("\"She said \\\"hi\\\" \\\\ left\" <ada@example.org>", "She said \"hi\" \\ left", "ada@example.org")]
    [InlineData("\"\" <ada@example.org>", "", "ada@example.org")]
    [InlineData("John Q. Public <jqp@example.org>", "John Q. Public", "jqp@example.org")]
    [InlineData("Anna Müller-Lüdenscheidt <anna@example.org>", "Anna Müller-Lüdenscheidt", "anna@example.org")]
    [InlineData("山田太郎 <taro@example.jp>", "山田太郎", "taro@example.jp")]
    [InlineData("🎉 Party 👩‍👩‍👧 <party@example.org>", "🎉 Party 👩‍👩‍👧", "party@example.org")]
    [InlineData("Ada (the first) Lovelace <ada@example.org>", "Ada Lovelace", "ada@example.org")]
    [InlineData("(a (nested \\) one)) ada (x) @ (y) example.org (z)", "", "ada@example.org")]
    [InlineData("a.b-c+d_e!#$%&'*/=?^`{|}~@example.org", "", "a.b-c+d_e!#$%&'*/=?^`{|}~@example.org")]
    [InlineData("\"ada lovelace\"@example.org", "", "\"ada lovelace\"@example.org")]
    [InlineData("\"ada\"@example.org", "", "ada@example.org")]
    [InlineData("\"a\".b.\"c d\"@example.org", "", "\"a.b.c d\"@example.org")]
    [InlineData("\"a@b\"@example.org", "", "\"a@b\"@example.org")]
    [InlineData("\"..\"@example.org", "", "\"..\"@example.org")]
    [InlineData("\"\\\"\\\\\"@example.org", "", "\"\\\"\\\\\"@example.org")]
    [InlineData("\"\"@example.org", "", "\"\"@example.org")]
    [InlineData("ada@localhost", "", "ada@localhost")]
    [InlineData("ada@a-b_c.Example.ORG", "", "ada@a-b_c.Example.ORG")]
    [InlineData("ada@[192.0.2.1]", "", "ada@[192.0.2.1]")]
    [InlineData("ada@[ IPv6:2001:db8::1 ]", "", "ada@[IPv6:2001:db8::1]")]
    [InlineData("ada@bücher.example", "", "ada@xn--bcher-kva.example")]
    [InlineData("ada@BÜCHER.example", "", "ada@xn--bcher-kva.example")]
    [InlineData("ada@straße.de", "", "ada@xn--strae-oqa.de")]
    [InlineData("用户@例子.测试", "", "用户@xn--fsqu00a.xn--0zwm56d")]
    [InlineData("ada@xn--bcher-kva.example", "", "ada@xn--bcher-kva.example")]
    public void A_good_mailbox_is_read(string text, string name, string address)
    {
        Mailbox.TryParse(text, out var mailbox, out var error).ShouldBeTrue(error);
        mailbox!.DisplayName.ShouldBe(name);
        mailbox.Address.ShouldBe(address);
    }

    [Theory]
    [InlineData("", 1, "an address", "the end")]
    [InlineData("   ", 4, "an address", "the end")]
    [InlineData("ada", 4, "'@' or '<'", "the end")]
    [InlineData("ada@", 5, "a letter or digit", "the end")]
    [InlineData("@example.org", 1, "an address", "'@'")]
    [InlineData("ada@example..org", 13, "a letter or digit", "'.'")]
    [InlineData("ada@.example.org", 5, "a letter or digit", "'.'")]
    [InlineData("ada@example.org.", 17, "a letter or digit", "the end")]
    [InlineData("ada@-example.org", 5, "a letter or digit", "'-'")]
    [InlineData("ada@example-.org", 12, "neither starts nor ends", "'-'")]
    [InlineData("ada@exa mple.org", 9, "the end", "'m'")]
    [InlineData("ada@example.org extra", 17, "the end", "'e'")]
    [InlineData("ada@exam!ple.org", 9, "a letter, a digit or the end", "'!'")]
    [InlineData("ada@ｅxample.org", 5, "a letter or digit", "U+FF45")]
    [InlineData("ada@mu\u0308ller.de", 7, "a letter, a digit or the end", "U+0308")]
    [InlineData("ada@exam\u200bple.org", 9, "a letter, a digit or the end", "U+200B")]
    [InlineData("ada@example.org\u00a0", 16, "a letter, a digit or the end", "U+00A0")]
    [InlineData("ada@@example.org", 5, "a letter or digit", "'@'")]
    [InlineData("ada@bob@example.org", 8, "the end", "'@'")]
    [InlineData(".ada@example.org", 1, "not a dot", "'.'")]
    [InlineData("ada.@example.org", 5, "a letter after the dot", "'@'")]
    [InlineData("a..b@example.org", 3, "not a dot", "'.'")]
    [InlineData("Ada Lovelace@example.org", 5, "no blanks around its dots", "'L'")]
    [InlineData("Dr. ada@example.org", 5, "no blanks around its dots", "'a'")]
    [InlineData("ada lovelace <ada@example.org", 30, "'>'", "the end")]
    [InlineData("Ada <>", 6, "the local part", "'>'")]
    [InlineData("<ada>", 5, "'@'", "'>'")]
    [InlineData("<@relay.example:ada@example.org>", 2, "not a source route", "'@'")]
    [InlineData("ada@example.org <ada@example.org>", 17, "stands in double quotes", "'<'")]
    [InlineData("ada@example.org, bob@example.org", 16, "the end", "','")]
    [InlineData("Team: ada@example.org;", 5, "one mailbox, not a group", "':'")]
    [InlineData("\"Ada <ada@example.org>", 23, "a closing double quote", "the end")]
    [InlineData("\"Ada\\", 6, "a closing double quote", "the end")]
    [InlineData("ada@example.org (never closed", 30, "')' for the '(' at 17", "the end")]
    [InlineData("ada@[192.0.2.1", 15, "']'", "the end")]
    [InlineData("ada@[]", 6, "an address literal", "']'")]
    [InlineData("ada\u00a0b@example.org", 1, "without invisible characters (U+00A0)", "'a'")]
    [InlineData("a\u202ed@example.org", 1, "without invisible characters (U+202E)", "'a'")]
    [InlineData("ada@example.org\r\nBcc: eve@example.org", 16, "no line break", "U+000D")]
    [InlineData("ada\n@example.org", 4, "no line break", "U+000A")]
    [InlineData("\"ada\0\"@example.org", 5, "no line break, NUL", "U+0000")]
    [InlineData("ada\u0085@example.org", 4, "control", "U+0085")]
    public void A_bad_mailbox_is_refused_with_the_position(string text, int position, string expected, string found)
    {
        Mailbox.TryParse(text, out var mailbox, out var error).ShouldBeFalse();
        mailbox.ShouldBeNull();
        error.ShouldStartWith($"at position {position}: expected ");
        error.ShouldContain(expected);
        error.ShouldEndWith($"found {found}");
    }

    [Theory]
    [InlineData("ada@example.org", "ada@example.org")]
    [InlineData("ada@example.org,bob@example.org", "ada@example.org|bob@example.org")]
    [InlineData("ada@example.org, , Bob <bob@example.org>,", "ada@example.org|Bob <bob@example.org>")]
    [InlineData("Team: ada@example.org, Bob <bob@example.org>;, eve@example.org", "ada@example.org|Bob <bob@example.org>|eve@example.org")]
    [InlineData("Undisclosed recipients:;", "")]
    [InlineData("\"a, b\" <ada@example.org> (x, y), \"c, d\"@example.org", "\"a, b\" <ada@example.org>|\"c, d\"@example.org")]
    public void A_list_is_read_member_by_member(string text, string expected)
    {
        Mailbox.TryParseList(text, out var mailboxes, out var error).ShouldBeTrue(error);
        string.Join('|', mailboxes).ShouldBe(expected);
    }

    [Theory]
    [InlineData("", "at position 1: expected an address, found the end")]
    [InlineData(" , ,", "at position 5: expected an address, found the end")]
    [InlineData("ada@example.org bob@example.org", "at position 17: expected a comma or the end, found 'b'")]
    [InlineData("ada@example.org; bob@example.org", "at position 16: expected a comma or the end, found ';'")]
    [InlineData("Lovelace, Ada <ada@example.org>", "at position 9: expected '@' or '<', found ','")]
    [InlineData("Team: ada@example.org", "at position 22: expected ';' at the end of the group, found the end")]
    [InlineData("a: b: c@example.org;;", "at position 5: expected one mailbox, not a group, found ':'")]
    [InlineData("Team: ada@example.org; bob@example.org", "at position 24: expected a comma or the end, found 'b'")]
    public void A_bad_list_is_refused_with_the_position(string text, string expected)
    {
        Mailbox.TryParseList(text, out var mailboxes, out var error).ShouldBeFalse();
        mailboxes.ShouldBeEmpty();
        error.ShouldBe(expected);
    }

    [Fact]
    public void The_lengths_that_servers_must_take_are_the_limits()
    {
        Parses(new string('a', 64) + "@example.org").ShouldBeTrue();
        Parses(new string('a', 65) + "@example.org").ShouldBeFalse();
        Parses(new string('ü', 33) + "@example.org").ShouldBeFalse();
        Parses("a@" + new string('b', 63) + ".org").ShouldBeTrue();
        Parses("a@" + new string('b', 64) + ".org").ShouldBeFalse();
        Parses("a@" + string.Join('.', Enumerable.Repeat(new string('b', 63), 4))).ShouldBeTrue();
        Parses("a@b." + string.Join('.', Enumerable.Repeat(new string('b', 63), 4))).ShouldBeFalse();
        Parses(new string('n', 982) + " <a@example.org>").ShouldBeTrue();
        Parses(new string('n', 983) + " <a@example.org>").ShouldBeFalse();
    }

    [Fact]
    public void Half_a_character_is_refused()
    {
        Mailbox.TryParse("ada\ud83d@example.org", out _, out var error).ShouldBeFalse();
        error.ShouldStartWith("at position 4:");
        error.ShouldEndWith("found U+D83D");
    }

    [Fact]
    public void A_deeply_nested_comment_needs_no_stack()
    {
        var nested = new string('(', 400) + new string(')', 400);
        Parses(nested + "ada@example.org").ShouldBeTrue();
        Mailbox.TryParseList(new string('(', 1_000_000) + "ada@example.org", out _, out var error).ShouldBeFalse();
        error.ShouldContain("expected ')'");
    }

    private static bool Parses(string text) => Mailbox.TryParse(text, out _, out _);
}
