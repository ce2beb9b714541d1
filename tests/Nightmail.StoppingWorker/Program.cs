using System.Globalization;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Mail.Mime;
using Nightmail.Mail.Transports;
using Nightmail.StoppingWorker;
using Nightmail.Store.File;
using Nightmail.Store.File.Disk;
using Nightmail.Testing.Store;

// Or a process that changes a queue as fast as it can: changes QUEUE COUNT NAME.
if (args is ["changes", var changing, var count, var name])
{
    foreach (var line in await new BusyChanges(changing, name).RunAsync(int.Parse(count, CultureInfo.InvariantCulture))) Console.WriteLine(line);
    return;
}

// The real engine, store and transport in a worker that suspends itself at one point: QUEUE PORT POINT.
var time = TimeProvider.System;
var random = new Random(Environment.ProcessId);
var account = new Account
{
    Name = "work",
    From = "Ada Lovelace <ada@sender.example>",
    IsDefault = true,
    Transport = new TransportSettings.Smtp { Host = "127.0.0.1", Port = int.Parse(args[1], CultureInfo.InvariantCulture), Security = SmtpSecurity.None },
};
await using var store = FileEmailStore.Open(new() { Path = args[0] }, RealDisk.Instance, time);
await using var transport = TransportFactory.Create(account, new DeliveryPolicy().Retry, time, random);
var worker = new Worker(new()
{
    Store = new StoppingStore(store, Enum.Parse<StopPoint>(args[2])),
    Composer = new MessageComposer(store.Blobs),
    Accounts = [account],
    Transports = _ => transport,
    Time = time,
    Random = random,
    Observer = new Silent(),
});
await worker.RunAsync(WorkerMode.UntilEmpty, CancellationToken.None, CancellationToken.None);
