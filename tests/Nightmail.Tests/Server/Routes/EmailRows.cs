namespace Nightmail.Tests.Server.Routes;

/// <summary>The rows of single emails and of sending to many.</summary>
internal static class EmailRows
{
    private const string No = "/api/emails/01900000000070008000000000000000";
    private const string Email = """{"to":["a@example.org"],"subject":"s","text":"t","scheduledFor":"2099-01-01T00:00:00Z"}""";

    public static IEnumerable<RouteRow> All =>
    [
        new("send", "/api/send", """{"subject":"s","text":"t","recipients":["a@example.org"],"scheduledFor":"2099-01-01T00:00:00Z"}""", 202)
        {
            Broken = ("""{"subject":"s","text":"t","recipients":["nobody"]}""", "recipients[0]"), RefusedByKey = true,
        },
        new("scheduleEmail", "/api/emails", Email, 201) { Broken = ("""{"to":["a@example.org"],"subject":3}""", "subject"), RefusedByKey = true },
        new("listEmails", "/api/emails?status=pending&limit=1"),
        new("exportEmails", "/api/emails/export"),
        new("importEmails", "/api/emails/import", """{"emails":[{exportedEmail}]}""") { Broken = ("""{"emails":[{"id":"x"}]}""", "emails[0]"), RefusedByKey = true },
        new("getEmail", "/api/emails/{pendingEmail}") { Unknown = No },
        new("editEmail", "/api/emails/{pendingEmail}", """{"subject":"other"}""") { Broken = ("""{"to":["nobody"]}""", "to"), Unknown = No, Refused = "/api/emails/{cancelledEmail}" },
        new("deleteEmail", "/api/emails/{pendingEmail}", Success: 204) { Unknown = No, Refused = "/api/emails/{sentEmail}" },
        new("whyEmail", "/api/emails/{pendingEmail}/why") { Unknown = No + "/why" },
        new("rawEmail", "/api/emails/{pendingEmail}/raw") { Unknown = No + "/raw" },
        new("emailAttempts", "/api/emails/{sentEmail}/attempts") { Unknown = No + "/attempts" },
        new("rescheduleEmail", "/api/emails/{pendingEmail}/reschedule", """{"scheduledFor":"2099-01-01T00:00:00Z"}""")
        {
            Broken = ("""{"scheduledFor":"2099-01-01T00:00:00"}""", "scheduledFor"), Unknown = No + "/reschedule", Refused = "/api/emails/{cancelledEmail}/reschedule",
        },
        new("sendEmailNow", "/api/emails/{pendingEmail}/send-now", "") { Unknown = No + "/send-now", Refused = "/api/emails/{cancelledEmail}/send-now" },
        new("cancelEmail", "/api/emails/{pendingEmail}/cancel", "") { Unknown = No + "/cancel", Refused = "/api/emails/{cancelledEmail}/cancel" },
        new("pauseEmail", "/api/emails/{pendingEmail}/pause", "") { Unknown = No + "/pause", Refused = "/api/emails/{pausedEmail}/pause" },
        new("resumeEmail", "/api/emails/{pausedEmail}/resume", "") { Unknown = No + "/resume", Refused = "/api/emails/{pendingEmail}/resume" },
        new("retryEmail", "/api/emails/{failedEmail}/retry", "") { Unknown = No + "/retry", Refused = "/api/emails/{pendingEmail}/retry" },
        new("mark-sentEmail", "/api/emails/{doubtfulEmail}/mark-sent", "") { Unknown = No + "/mark-sent", Refused = "/api/emails/{pendingEmail}/mark-sent" },
        new("saveEmailContent", "/api/emails/{pendingEmail}/content", """{"to":["a@example.org"],"subject":"other","text":"t"}""")
        {
            Broken = ("""{"to":["nobody"],"subject":"s","text":"t"}""", "to"), Unknown = No + "/content", Refused = "/api/emails/{cancelledEmail}/content",
        },
    ];
}
