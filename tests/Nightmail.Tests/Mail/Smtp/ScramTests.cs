using System.Text;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Smtp.Sasl;
using Nightmail.Testing.Smtp;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Mail.Smtp;

/// <summary>SCRAM-SHA-256: the example of RFC 7677, and servers that are not who they say they are.</summary>
public sealed class ScramTests
{
    private const string ServerFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    [Fact]
    public void The_example_of_the_standard_comes_out()
    {
        var login = Example();

        Text(login.Initial!).ShouldBe("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        Text(login.Respond(Bytes(ServerFirst))).ShouldBe(
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        login.IsProved.ShouldBeFalse();
        login.Respond(Bytes("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")).ShouldBeEmpty();
        login.IsProved.ShouldBeTrue();
    }

    [Theory]
    [InlineData("r=somebodyelse,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "does not answer ours")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "does not answer ours")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1", "1 rounds")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=2000000000", "2000000000 rounds")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=!!,i=4096", "cannot be read")]
    [InlineData("m=1,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "cannot be read")]
    [InlineData("", "cannot be read")]
    public void A_challenge_that_is_none_is_refused(string challenge, string words) =>
        Should.Throw<SaslException>(() => Example().Respond(Bytes(challenge))).Message.ShouldContain(words);

    [Theory]
    [InlineData("v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "does not know the password")]
    [InlineData("e=invalid-proof", "invalid-proof")]
    [InlineData("hello", "cannot be read")]
    public void A_server_that_proves_nothing_is_refused(string serverFinal, string words)
    {
        var login = Example();
        login.Respond(Bytes(ServerFirst));

        Should.Throw<SaslException>(() => login.Respond(Bytes(serverFinal))).Message.ShouldContain(words);
        login.IsProved.ShouldBeFalse();
    }

    [Theory]
    [InlineData("a=b,c", "n,,n=a=3Db=2Cc,r=x")]
    [InlineData("é\u00ad", "n,,n=é,r=x")]
    [InlineData("a\u00a0b", "n,,n=a b,r=x")]
    public void Names_are_prepared_as_the_standard_wants(string name, string first) =>
        Text(new ScramSha256Mechanism(name, "p", "x").Initial!).ShouldBe(first);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_knows_the_password_takes_the_mail_and_one_that_does_not_is_found_out(bool knows)
    {
        await using var server = new ScramServer("pencil", knows);
        await using var conversation = Conversation.Over(
            ScriptedSmtpServer.Play(), settings => settings with { Port = server.Port, Login = new("user", new SecretSource.Literal("pencil")) }, tries: 1);

        var outcome = await conversation.DeliverAsync();

        (outcome.Fault?.Reason).ShouldBe(knows ? null : AccountFaultReason.Auth);
        if (!knows) outcome.Fault!.Words.ShouldContain("does not know the password");
        server.Said.ShouldContain(line => line.StartsWith("AUTH SCRAM-SHA-256 ", StringComparison.Ordinal));
        server.Said.ShouldNotContain(line => line.Contains(Convert.ToBase64String(Bytes("pencil"))));
        if (!knows) server.Said.ShouldContain("*");
    }

    [Fact]
    public async Task A_yes_before_the_proof_is_not_believed()
    {
        await using var conversation = Conversation.Over(
            ScriptedSmtpServer.Play("S: 220 mx\nC: EHLO me.test\nS: 250-mx\nS: 250 AUTH SCRAM-SHA-256 PLAIN\n! any\nS: 235 2.7.0 welcome"),
            settings => settings with { Login = new("ada", new SecretSource.Literal("secret")) });

        (await conversation.DeliverAsync()).Fault!.Words.ShouldContain("without proving that it knows the password");
    }

    private static ScramSha256Mechanism Example() => new("user", "pencil", "rOprNGfwEbeRWgbNEkqO");

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
