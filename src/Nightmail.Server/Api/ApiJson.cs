using System.Text.Json;
using System.Text.Json.Serialization;
using Nightmail.Server.Accounts;
using Nightmail.Server.Settings;

namespace Nightmail.Server.Api;

/// <summary>How the API's values are written and read, without reflection. Unknown fields are refused.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    PropertyNameCaseInsensitive = false, NumberHandling = JsonNumberHandling.Strict, MaxDepth = 32, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(SendRequest))]
[JsonSerializable(typeof(SendAnswer))]
[JsonSerializable(typeof(CampaignRequest))]
[JsonSerializable(typeof(CampaignAnswer))]
[JsonSerializable(typeof(ProgressAnswer))]
[JsonSerializable(typeof(ScheduleShape))]
[JsonSerializable(typeof(RecipientsAnswer))]
[JsonSerializable(typeof(PreviewRequest))]
[JsonSerializable(typeof(PreviewAnswer))]
[JsonSerializable(typeof(TemplateRequest))]
[JsonSerializable(typeof(SuppressionRequest))]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(KeyAnswer))]
[JsonSerializable(typeof(IReadOnlyList<KeyAnswer>))]
[JsonSerializable(typeof(OrderRequest))]
[JsonSerializable(typeof(EmailRequest))]
[JsonSerializable(typeof(EmailAnswer))]
[JsonSerializable(typeof(WhyAnswer))]
[JsonSerializable(typeof(StatsAnswer))]
[JsonSerializable(typeof(WorkersAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(Page<CampaignAnswer>))]
[JsonSerializable(typeof(Page<RecipientAnswer>))]
[JsonSerializable(typeof(Page<SuppressionAnswer>))]
[JsonSerializable(typeof(Page<LogAnswer>))]
[JsonSerializable(typeof(Page<EmailAnswer>))]
[JsonSerializable(typeof(IReadOnlyList<TemplateAnswer>))]
[JsonSerializable(typeof(IReadOnlyList<AccountShape>))]
[JsonSerializable(typeof(AccountShape))]
[JsonSerializable(typeof(SettingsShape))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(int?))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(System.Net.ServerSentEvents.SseItem<string>))]
[JsonSerializable(typeof(Microsoft.AspNetCore.Mvc.ProblemDetails))]
internal sealed partial class ApiJson : JsonSerializerContext;
