using System.CommandLine;
using Nightmail.Cli.Printing;
using Nightmail.Cli.Running;
using Nightmail.Cli.Services;

namespace Nightmail.Cli.Commands;

/// <summary><c>service install | status | uninstall</c>: has the system run the worker.</summary>
internal sealed class ServiceCommand : Verb
{
    /// <summary>The command.</summary>
    public ServiceCommand()
        : base("service", "Has the system run the worker: a systemd user unit, or cron where there is none.", "nightmail service install", "nightmail service status", "nightmail service install --dry-run")
    {
        Add(new ServiceActionCommand("install", "Installs and starts it."));
        Add(new ServiceActionCommand("status", "Says whether it is installed and runs."));
        Add(new ServiceActionCommand("uninstall", "Stops it and takes it out."));
    }

    /// <inheritdoc/>
    public override Reach Reach => Reach.Here;

    /// <inheritdoc/>
    public override Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken) =>
        throw CommandFailure.Usage("what about the service? write: nightmail service install, status or uninstall");
}

/// <summary>One of the three.</summary>
internal sealed class ServiceActionCommand : Verb
{
    private readonly Flag dryRun = new("--dry-run", "Show what would be written, and change nothing");

    /// <summary>The command of that name.</summary>
    public ServiceActionCommand(string name, string description)
        : base(name, description, $"nightmail service {name}")
    {
        if (name != "status") Add(dryRun);
    }

    /// <inheritdoc/>
    public override Reach Reach => Reach.Here;

    /// <inheritdoc/>
    public override async Task<int> RunAsync(ParseResult words, Session session, CancellationToken cancellationToken)
    {
        // Neither systemd nor cron has any use for them, and both may keep what they inherit.
        SecretVariables.Take(session.Settings.Accounts);
        var service = await WorkerService.FindAsync(session, cancellationToken);
        var isDry = Name != "status" && dryRun.IsSet(words);
        switch (Name)
        {
            case "install" when !isDry:
                session.RequireAccounts();
                await service.InstallAsync(cancellationToken);
                service = service with { IsInstalled = true, IsActive = true };
                break;
            case "uninstall" when !isDry:
                if (!service.IsInstalled) throw CommandFailure.NotFound($"no service is installed ({service.Kind}: {service.Place})");
                await service.UninstallAsync(cancellationToken);
                service = service with { IsInstalled = false, IsActive = false };
                break;
        }

        session.Print(session.Globals.Json ? JsonText.Line(json => Write(json, service, isDry)) : Line(service, isDry));
        if (Name == "install" && service.Kind == "systemd") session.Note("it ends when you log out, unless you say once: loginctl enable-linger");
        return Name == "status" && !service.IsInstalled ? ExitCodes.NotFound : ExitCodes.Done;
    }

    private string Line(WorkerService service, bool isDry)
    {
        if (isDry) return Name == "install" ? $"{service.Place}:\n{service.Text.TrimEnd('\n')}\n" : $"{service.Place}: the worker would be stopped and taken out\n";
        return $"{service.Kind}: {(service.IsInstalled ? "installed" : "not installed")}, {(service.IsActive ? "active" : "not active")} ({service.Place})\n";
    }

    private static void Write(System.Text.Json.Utf8JsonWriter json, WorkerService service, bool isDry)
    {
        json.WriteStartObject();
        json.WriteString("kind", service.Kind);
        json.WriteString("place", service.Place);
        json.WriteBoolean("installed", service.IsInstalled);
        json.WriteBoolean("active", service.IsActive);
        json.WriteBoolean("dryRun", isDry);
        json.WriteString("text", service.Text);
        json.WriteEndObject();
    }
}
