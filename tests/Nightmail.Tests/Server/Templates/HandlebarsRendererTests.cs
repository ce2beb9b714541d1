using Nightmail.Core.Campaigns;
using Nightmail.Server.Templates;
using Shouldly;
using Xunit;

namespace Nightmail.Tests.Server.Templates;

/// <summary>A template reads nothing but its variables, escapes into HTML, and never runs away.</summary>
public sealed class HandlebarsRendererTests
{
    private readonly HandlebarsRenderer renderer = new(TimeProvider.System);

    [Fact]
    public void Each_recipient_gets_their_own_words()
    {
        var words = new TemplateWords("Hello {{name}}", "<p>{{#if vip}}Dear {{name}}{{else}}Hi{{/if}}</p>{{#each items}}<i>{{this}}</i>{{/each}}", "{{name}}: {{order.total}}");

        var rendered = renderer.Render(words, """{"name":"Ada","vip":true,"items":["a","b"],"order":{"total":1.50}}""");

        rendered.ShouldBe(new("Hello Ada", "<p>Dear Ada</p><i>a</i><i>b</i>", "Ada: 1.50"));
    }

    [Fact]
    public void What_is_put_into_HTML_is_escaped_and_what_is_put_into_text_is_not()
    {
        var rendered = renderer.Render(new("{{name}}", "<p>{{name}}</p>", "{{name}}"), """{"name":"<b>Tom & \"Jerry\"</b>"}""");

        rendered.Html.ShouldBe("<p>&lt;b&gt;Tom &amp; &quot;Jerry&quot;&lt;/b&gt;</p>");
        rendered.Text.ShouldBe("<b>Tom & \"Jerry\"</b>");
        rendered.Subject.ShouldBe("<b>Tom & \"Jerry\"</b>");
    }

    [Fact]
    public void A_line_break_in_a_variable_does_not_reach_the_subject()
    {
        renderer.Render(new("Hi {{name}}", null, "x"), """{"name":"Ada\r\nBcc: eve@example.org"}""").Subject.ShouldBe("Hi Ada Bcc: eve@example.org");
    }

    [Fact]
    public void A_missing_variable_is_nothing_and_is_listed()
    {
        var words = new TemplateWords("{{a}}", "{{#each list}}{{inner}}{{@root.b}}{{/each}}{{#with c}}{{d}}{{/with}}", "{{a}} {{e.f}}");

        renderer.Inspect(words).Variables.ShouldBe(["a", "list", "b", "c", "e"]);
        renderer.Render(words, null).Subject.ShouldBe("");
    }

    [Fact]
    public void Without_a_text_part_one_is_made_from_the_HTML()
    {
        var html = "<html><head><style>p{}</style><title>t</title></head><body><h1>News</h1><p>Hello\n  <b>{{name}}</b>,<br>see <a href=\"https://example.org/a\">this</a>.</p><ul><li>one</li><li>two</li></ul></body></html>";

        renderer.Render(new("s", html, null), """{"name":"Ada"}""").Text.ShouldBe("News\n\nHello Ada,\nsee this <https://example.org/a>.\n\n- one\n- two\n");
    }

    [Theory]
    [InlineData("{{> other}}", "line 1: '{{>' is not allowed: a template reads nothing but its variables")]
    [InlineData("{{#* inline}}x{{/inline}}", "line 1: there is no block '* inline'; there are if, unless, each, with")]
    [InlineData("{{{{raw}}}}", "line 1: raw blocks ({{{{) are not allowed")]
    [InlineData("{{lookup a b}}", "line 1: 'lookup a b' is not allowed: there are variables and no functions")]
    [InlineData("{{nightmail_step}}", "line 1: 'nightmail_step' is a name of ours")]
    [InlineData("a\nb {{#if x}}", "{{#if}} has no {{/if}}")]
    [InlineData("a\n{{/if}}", "line 2: {{/if}} closes nothing that is open")]
    [InlineData("{{name", "line 1: '{{' has no '}}'")]
    public void What_is_not_allowed_is_named_with_its_line(string html, string error)
    {
        renderer.Inspect(new("s", html, null)).Problem.ShouldBe(new("html", error));
    }

    [Fact]
    public void Blocks_deeper_than_allowed_are_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("{{#if a}}", 13)) + string.Concat(Enumerable.Repeat("{{/if}}", 13));

        renderer.Inspect(new("s", deep, null)).Problem!.Error.ShouldContain("blocks lie 13 deep, the most is 12");
    }

    [Fact]
    public void A_template_of_a_million_loops_ends_in_an_error()
    {
        var words = new TemplateWords("s", "{{#each list}}{{#each @root.list}}{{#each @root.list}}{{/each}}{{/each}}{{/each}}", "t");
        var list = string.Join(',', Enumerable.Range(0, 100));

        var error = Should.Throw<TemplateException>(() => renderer.Render(words, $$"""{"list":[{{list}}]}"""));

        error.Problem.ShouldBe(new("html", "it takes more than 100000 turns of loops and conditions"));
    }

    [Fact]
    public void A_template_that_writes_without_end_ends_in_an_error()
    {
        var words = new TemplateWords("s", null, "{{#each list}}{{#each @root.list}}{{@root.long}}{{/each}}{{/each}}");
        var list = string.Join(',', Enumerable.Range(0, 200));

        var error = Should.Throw<TemplateException>(() => renderer.Render(words, $$"""{"list":[{{list}}],"long":"{{new string('x', 1000)}}"}"""));

        error.Problem.ShouldBe(new("text", "it writes more than 2000000 characters"));
    }

    [Fact]
    public void Many_threads_render_at_once_and_none_sees_another_s_words()
    {
        var words = new TemplateWords("{{name}}", "{{#each list}}{{@root.name}}{{/each}}", null);

        Parallel.For(0, 500, i => renderer.Render(words, $$"""{"name":"n{{i}}","list":[1,2]}""").Html.ShouldBe($"n{i}n{i}"));
    }
}
