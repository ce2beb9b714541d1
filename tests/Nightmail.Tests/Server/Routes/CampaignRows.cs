namespace Nightmail.Tests.Server.Routes;

/// <summary>The rows of campaigns, templates and suppressions.</summary>
internal static class CampaignRows
{
    private const string No = "/api/campaigns/01900000000070008000000000000000";
    private const string NoTemplate = "/api/templates/01900000000070008000000000000000";
    private const string Csv = "text/csv";

    public static IEnumerable<RouteRow> All => [.. Campaigns, .. Templates, .. Suppressions];

    private static IEnumerable<RouteRow> Campaigns =>
    [
        new("createCampaign", "/api/campaigns", """{"name":"c"}""", 201) { Broken = ("""{"name":""}""", "name"), RefusedByKey = true },
        new("listCampaigns", "/api/campaigns?limit=1"),
        new("getCampaign", "/api/campaigns/{draft}") { Unknown = No },
        new("editCampaign", "/api/campaigns/{draft}", """{"name":"d"}""") { Broken = ("""{"subject":"a\nb"}""", "subject"), Unknown = No, Refused = "/api/campaigns/{scheduled}" },
        new("deleteCampaign", "/api/campaigns/{draft}", Success: 204) { Unknown = No, Refused = "/api/campaigns/{scheduled}" },
        new("scheduleCampaign", "/api/campaigns/{draft}/schedule", """{"scheduledFor":"2099-01-01T00:00:00Z"}""")
        {
            Broken = ("""{"scheduledFor":"soon"}""", "scheduledFor"), Unknown = No + "/schedule", Refused = "/api/campaigns/{cancelled}/schedule",
        },
        new("pauseCampaign", "/api/campaigns/{scheduled}/pause", "") { Unknown = No + "/pause", Refused = "/api/campaigns/{draft}/pause" },
        new("resumeCampaign", "/api/campaigns/{paused}/resume", "") { Unknown = No + "/resume", Refused = "/api/campaigns/{draft}/resume" },
        new("cancelCampaign", "/api/campaigns/{scheduled}/cancel", "") { Unknown = No + "/cancel", Refused = "/api/campaigns/{cancelled}/cancel" },
        new("retryCampaign", "/api/campaigns/{failed}/retry", "") { Unknown = No + "/retry", Refused = "/api/campaigns/{draft}/retry" },
        new("duplicateCampaign", "/api/campaigns/{scheduled}/duplicate", "", 201) { Unknown = No + "/duplicate", RefusedByKey = true },
        new("previewCampaign", "/api/campaigns/{draft}/preview", """{"email":"a@example.org"}""") { Broken = ("""{"email":"eve@example.org"}""", "email"), Unknown = No + "/preview", Refused = "/api/campaigns/{orphan}/preview", RefusedBody = "{}" },
        new("planCampaign", "/api/campaigns/{draft}/plan") { Unknown = No + "/plan" },
        new("testCampaign", "/api/campaigns/{draft}/test", """{"to":"me@example.org"}""", 201) { Broken = ("""{"to":"nobody"}""", "to"), Unknown = No + "/test", Refused = "/api/campaigns/{orphan}/test" },
        new("campaignProgress", "/api/campaigns/{draft}/progress") { Unknown = No + "/progress" },
        new("addRecipients", "/api/campaigns/{draft}/recipients", "email\nb@example.org\n") { ContentType = Csv, Broken = ("email\nnobody\n", "file"), Unknown = No + "/recipients", Refused = "/api/campaigns/{scheduled}/recipients" },
        new("listRecipients", "/api/campaigns/{draft}/recipients") { Unknown = No + "/recipients" },
    ];

    private static IEnumerable<RouteRow> Templates =>
    [
        new("createTemplate", "/api/templates", """{"name":"{new}","subject":"s","text":"t"}""", 201) { Broken = ("""{"name":"t","subject":"s","html":"{{#if x}}"}""", "html"), Refused = "/api/templates", RefusedBody = """{"name":"{templateName}","subject":"s","text":"t"}""" },
        new("listTemplates", "/api/templates"),
        new("getTemplate", "/api/templates/{template}?version=1") { Unknown = NoTemplate },
        new("saveTemplate", "/api/templates/{template}", """{"name":"{new}","subject":"s","text":"t"}""") { Broken = ("""{"name":"n","subject":"s"}""", "html"), Unknown = NoTemplate, Refused = "/api/templates/{template}", RefusedBody = """{"name":"{templateName}","subject":"s","text":"t"}""" },
        new("deleteTemplate", "/api/templates/{template}", Success: 204) { Unknown = NoTemplate, NeverRefused = "campaigns keep the version that they were scheduled with" },
        new("listTemplateVersions", "/api/templates/{template}/versions") { Unknown = NoTemplate + "/versions" },
        new("previewTemplate", "/api/templates/{template}/preview", """{"variables":{"name":"Ada"}}""") { Broken = ("""{"email":"a@example.org"}""", "campaignId"), Unknown = NoTemplate + "/preview", NeverRefused = "it changes nothing, and a template that is there can be rendered" },
    ];

    private static IEnumerable<RouteRow> Suppressions =>
    [
        new("addSuppression", "/api/suppressions", """{"target":"x@example.net"}""", 201) { Broken = ("""{"target":"nobody"}""", "target"), RefusedByKey = true },
        new("listSuppressions", "/api/suppressions?limit=1"),
        new("importSuppressions", "/api/suppressions/import", "target\ny@example.net\n") { ContentType = Csv, Broken = ("target\nnobody\n", "file"), RefusedByKey = true },
        new("exportSuppressions", "/api/suppressions/export"),
        new("removeSuppression", "/api/suppressions/{suppressed}", Success: 204) { Unknown = "/api/suppressions/never@example.net", NeverRefused = "whoever is suppressed can be let go at any time" },
    ];
}
