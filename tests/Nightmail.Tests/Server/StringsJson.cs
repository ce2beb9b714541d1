using System.Text.Json.Serialization;

namespace Nightmail.Tests.Server;

/// <summary>Writes plain objects of texts.</summary>
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class StringsJson : JsonSerializerContext;
