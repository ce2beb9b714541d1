using System.Globalization;
using Nightmail.Bench;
using Nightmail.Bench.Measuring;
using Nightmail.Core.Storage;
using Nightmail.Testing.Store;

// A process of our own in which something is measured that only happens once a process.
if (args is ["first-load", var queue]) return await QueueFileBench.PrintFirstLoadAsync(queue);

if (args is ["drain-memory", var drainedFolder, var sinkPort]) return await ScaleBench.PrintMemoryAsync(drainedFolder, sinkPort);
if (args is ["drain", .. var drained]) return await Drain.PrintAsync(drained);

if (args is ["changes", var changing, var changes, var who])
{
    var began = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
    var told = await new BusyChanges(changing, who).RunAsync(int.Parse(changes, CultureInfo.InvariantCulture));
    Console.Out.WriteLine($"{began}\n{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}\n{told[0]}");
    return 0;
}

Dictionary<string, Func<Workshop, Report, Task>> benches = new(StringComparer.Ordinal)
{
    ["smtp"] = SmtpBench.RunAsync,
    ["sqlite"] = SqliteBench.RunAsync,
    ["scale"] = ScaleBench.RunAsync,
    ["server"] = ServerBench.RunAsync,
    ["million"] = MillionBench.RunAsync,
    ["dispatch"] = DispatchBench.RunAsync,
    ["lateness"] = LatenessBench.RunAsync,
    ["cli"] = CommandLineBench.RunAsync,
    ["file"] = QueueFileBench.RunAsync,
    ["processes"] = ManyProcessesBench.RunAsync,
};

var unknown = args.Where(name => !benches.ContainsKey(name)).ToList();
if (unknown.Count > 0)
{
    Report.Progress($"no benchmark is called {string.Join(", ", unknown)}; there are: {string.Join(", ", benches.Keys)}");
    return 2;
}

var report = new Report();
var failed = false;
foreach (var (name, run) in benches.Where(bench => args.Length == 0 || args.Contains(bench.Key, StringComparer.Ordinal)))
{
    Report.Progress($"{name} …");
    using var workshop = new Workshop();
    try
    {
        await run(workshop, report);
    }
    catch (Exception broken) when (broken is InvalidOperationException or IOException or StoreException or NotSupportedException)
    {
        // The other benchmarks may still have something to say.
        Report.Progress($"{name} failed: {broken.Message}");
        failed = true;
    }
}

report.PrintTable();
return failed ? 1 : 0;
