using System.Text.Json;

namespace Nightmail.Core.Storage;

/// <summary>The form in which emails travel between stores: a JSON object, as the queue file has it (docs/storage.md).</summary>
public interface IEmailForm
{
    /// <summary>Writes all that another store keeps of the email.</summary>
    void Write(Utf8JsonWriter json, ImportedEmail email);

    /// <summary>The email that such an object is.</summary>
    /// <exception cref="FormatException">It is none; the message says what is wrong, beginning with the field.</exception>
    ImportedEmail Read(ReadOnlySpan<byte> json);
}
