using System.Text.Json;

namespace Nightmail.Cli.Himalaya;

/// <summary>An account of himalaya's as it would stand in our configuration, or why it cannot.</summary>
internal sealed record HimalayaAccount
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The sender's mailbox.</summary>
    public string From { get; init; } = "";

    /// <summary>True where himalaya uses it unless told otherwise.</summary>
    public bool IsDefault { get; init; }

    /// <summary>Writes the members of its section <c>transport</c>.</summary>
    public Action<Utf8JsonWriter> Transport { get; init; } = _ => { };

    /// <summary>Why it cannot be taken over at all; null: it can.</summary>
    public string? Obstacle { get; init; }

    /// <summary>What of it is not taken over, or needs a look; a line each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Writes the account's members.</summary>
    public void Write(Utf8JsonWriter json, bool mayBeDefault)
    {
        json.WriteString("from", From);
        if (IsDefault && mayBeDefault) json.WriteBoolean("default", true);
        json.WriteStartObject("transport");
        Transport(json);
        json.WriteEndObject();
    }
}

/// <summary>A server as himalaya names it.</summary>
/// <param name="Host">Its name.</param>
/// <param name="Port">Its port; null: the usual one.</param>
/// <param name="Security">Our word for how it is spoken to.</param>
/// <param name="Login">The login; null: none.</param>
internal sealed record HimalayaServer(string Host, int? Port, string Security, HimalayaLogin? Login)
{
    /// <summary>Writes the members of a transport.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteString("type", "smtp");
        json.WriteString("host", Host);
        if (Port is { } port) json.WriteNumber("port", port);
        json.WriteString("security", Security);
        if (Login is not { } login) return;
        json.WriteStartObject("auth");
        if (login.Mechanism is { } mechanism) json.WriteString("mechanism", mechanism);
        json.WriteString("username", login.Username);
        login.Secrets(json);
        json.WriteEndObject();
    }
}

/// <summary>A login as himalaya names it.</summary>
/// <param name="Username">The name.</param>
/// <param name="Mechanism">Our word for the mechanism; null: whatever both sides have.</param>
/// <param name="Secrets">Writes where password or token come from.</param>
internal sealed record HimalayaLogin(string Username, string? Mechanism, Action<Utf8JsonWriter> Secrets);
