namespace Nightmail.Server.Api;

/// <summary>A plan of a campaign: as if nothing else were sent, and nothing failed.</summary>
/// <param name="Waiting">Recipients that wait.</param>
/// <param name="Suppressed">Those of them that are suppressed, and get nothing.</param>
/// <param name="LackVariables">Those that lack a variable.</param>
/// <param name="Lacking">The first of these, each with what it lacks.</param>
/// <param name="StartsAt">When the first leaves, or could.</param>
/// <param name="EndsAt">When the last leaves; null: some are left over.</param>
/// <param name="LeftOver">Those that no account would take, or only after years.</param>
/// <param name="Accounts">What each account takes.</param>
/// <param name="Slots">The same in time; at most 500.</param>
public sealed record PlanAnswer(long Waiting, long Suppressed, long LackVariables, IReadOnlyList<string> Lacking, string StartsAt, string? EndsAt, long LeftOver, IReadOnlyList<AccountPlanShape> Accounts, IReadOnlyList<PlanSlotShape> Slots);

/// <summary>What one account takes.</summary>
/// <param name="Account">Its name.</param>
/// <param name="Emails">How many.</param>
/// <param name="FirstAt">When the first leaves.</param>
/// <param name="LastAt">When the last leaves.</param>
/// <param name="Limit">The rate limit that holds it up.</param>
public sealed record AccountPlanShape(string Account, long Emails, string FirstAt, string LastAt, string? Limit);

/// <summary>Emails that leave without a pause of a minute.</summary>
public sealed record PlanSlotShape(string Account, string From, string Until, long Emails);
