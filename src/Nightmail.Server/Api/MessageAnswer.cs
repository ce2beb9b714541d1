using Microsoft.AspNetCore.Http;
using Nightmail.Core.Delivery;

namespace Nightmail.Server.Api;

/// <summary>A message as it will go out, written while it is read: its attachments may be larger than the memory.</summary>
internal sealed class MessageAnswer(IOutgoingMessage message) : IResult
{
    /// <summary>The media type.</summary>
    public const string MediaType = "message/rfc822";

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext context)
    {
        await using var open = message;
        context.Response.ContentType = MediaType;
        try
        {
            await message.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (MessageInvalidException invalid) when (!context.Response.HasStarted)
        {
            throw Refusal(invalid);
        }
    }

    /// <summary>409: no message can be written.</summary>
    public static ApiProblem Refusal(MessageInvalidException invalid) => ApiProblem.Conflict($"no message can be written from it: {invalid.Message}");
}
