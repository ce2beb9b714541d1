using System.Globalization;
using Nightmail.Core.Accounts;
using Nightmail.Core.Delivery;
using Nightmail.Core.Emails;
using Nightmail.Mail.Mime;
using Nightmail.Mail.Transports;
using Nightmail.SqliteServer;
using Nightmail.Store.Sql.Sqlite;

// A server's engine on SQLite without its API, to be killed: FOLDER PORT. It sends what is due, schedules ever more, and says of each email
// once it is promised: "kept ID".
var time = TimeProvider.System;
var random = new Random(Environment.ProcessId);
var account = new Account
{
    Name = "work",
    From = "Ada Lovelace <ada@sender.example>",
    IsDefault = true,
    Transport = new TransportSettings.Smtp { Host = "127.0.0.1", Port = int.Parse(args[1], CultureInfo.InvariantCulture), Security = SmtpSecurity.None },
};
await using var store = SqliteEmailStore.Open(new() { Folder = args[0] }, time);
await using var transport = TransportFactory.Create(account, new DeliveryPolicy().Retry, time, random);
var worker = new Worker(new()
{
    Store = store,
    Composer = new MessageComposer(store.Blobs),
    Accounts = [account],
    Transports = _ => transport,
    Time = time,
    Random = random,
    Observer = new Silent(),
});
using var stop = new CancellationTokenSource();
var sending = worker.RunAsync(WorkerMode.Forever, stop.Token, CancellationToken.None);
while (!sending.IsCompleted)
{
    var emails = Enumerable.Range(0, random.Next(1, 6)).Select(_ => new ScheduledEmail
    {
        Id = EmailId.New(time),
        Content = new() { To = ["Grace Hopper <grace@example.net>"], Subject = "Minutes", Text = "Attached.\n" },
        ScheduledFor = time.GetUtcNow().AddMilliseconds(random.Next(0, 200)),
        CreatedAt = time.GetUtcNow(),
    }).ToList();
    await store.AddAsync(emails, CancellationToken.None);
    foreach (var email in emails) Console.WriteLine($"kept {email.Id}");
    await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 15)), time);
}

await sending;
