namespace Nightmail.Core.Storage;

/// <summary>Keeps the Idempotency-Keys of requests that make something, so that a repeated request makes nothing twice.</summary>
public interface IRequestKeyStore
{
    /// <summary>Keeps a key before its work begins, unless it is there already, and forgets those older than <paramref name="since"/>. Durable when it returns.</summary>
    /// <returns>The key as it is kept: the one given, or the one that was there before.</returns>
    ValueTask<RequestKey> KeepAsync(RequestKey key, DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>Keeps the answer that its request got.</summary>
    ValueTask AnswerAsync(string name, KeptAnswer answer, CancellationToken cancellationToken);

    /// <summary>Forgets a key: its request was refused and made nothing.</summary>
    ValueTask ForgetAsync(string name, CancellationToken cancellationToken);
}

/// <summary>A request's key.</summary>
/// <param name="Name">The key as the caller chose it.</param>
/// <param name="RequestHash">What the request was.</param>
/// <param name="Id">The id of what it makes, the same in every try.</param>
/// <param name="At">When it came first.</param>
/// <param name="Answer">What it was answered; null: its work has not been finished.</param>
public sealed record RequestKey(string Name, byte[] RequestHash, Guid Id, DateTimeOffset At, KeptAnswer? Answer = null);

/// <summary>An answer, for being given again.</summary>
/// <param name="Status">Its status code.</param>
/// <param name="Location">Where what was made can be found.</param>
/// <param name="ContentType">Of what kind the body is.</param>
/// <param name="Body">The body.</param>
public sealed record KeptAnswer(int Status, string? Location, string? ContentType, byte[] Body);
