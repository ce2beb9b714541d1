using Nightmail.Store.Sql;

namespace Nightmail.Tests.Store.Sql.Shared;

/// <summary>A control plane on a real SQLite file in a folder of its own.</summary>
internal sealed class ControlPlaneWorld : IAsyncDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);

    public ControlPlaneWorld() => Plane = ControlPlane.OpenSqlite(Folder);

    public string Folder { get; } = Directory.CreateTempSubdirectory("nightmail-control-").FullName;

    public ControlPlane Plane { get; private set; }

    /// <summary>Closes it and opens it again, as a restart does.</summary>
    public async Task RestartAsync()
    {
        await Plane.DisposeAsync();
        Plane = ControlPlane.OpenSqlite(Folder);
    }

    public async ValueTask DisposeAsync()
    {
        await Plane.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
