namespace Nightmail.Tests.Server.Routes;

/// <summary>
/// What one route is asked in each of the cases that every route has. A word in braces in a path or body stands for a thing that is made
/// for it (<see cref="Things"/>).
/// </summary>
/// <param name="Operation">Its operation id.</param>
/// <param name="Path">The path of a success.</param>
/// <param name="Body">The body of a success; null: none.</param>
/// <param name="Success">The status of a success.</param>
internal sealed record RouteRow(string Operation, string Path, string? Body = null, int Success = 200)
{
    /// <summary>Of what kind the body is.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>A body that cannot be taken, and the field that the answer names; needed wherever there is a body.</summary>
    public (string Body, string? Field)? Broken { get; init; }

    /// <summary>Why no body is broken; in the place of the one above.</summary>
    public string? NeverBroken { get; init; }

    /// <summary>A path to what is not there; needed wherever the path has a parameter.</summary>
    public string? Unknown { get; init; }

    /// <summary>A path to what refuses it by its state; needed wherever something is changed.</summary>
    public string? Refused { get; init; }

    /// <summary>The body for <see cref="Refused"/>, where it is another one.</summary>
    public string? RefusedBody { get; init; }

    /// <summary>True where only another request's Idempotency-Key refuses it.</summary>
    public bool RefusedByKey { get; init; }

    /// <summary>Why no state refuses it; in the place of the three above.</summary>
    public string? NeverRefused { get; init; }
}
